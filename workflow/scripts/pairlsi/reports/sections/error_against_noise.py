"""Exact errors against the noise level."""

from pairlsi.reports.sections import Section


class ErrorAgainstNoise(Section):
    """The PAIR is fitted to the moments of each level."""

    label = "Error against noise"
    description = "Exact errors of every estimator against the noise level."

    def show(self):
        import numpy as np

        from pairlsi.reports.display import show, show_text
        from pairlsi.reports.exact import Exact
        from pairlsi.reports.figures import theory
        from pairlsi.theory import sweeps

        show_text("The PAIR is fitted to the moments of each noise level.")
        exact = Exact(self.results)
        levels = exact.level * np.geomspace(0.1, 10, 9)
        longest = min(exact.unknowns, exact.data_size)
        complete, masked = exact.observe("none-0-0"), exact.observe(f"random-{exact.percent}-0")
        cases = {
            f"complete data, latents of {exact.rank}": (complete, exact.rank),
            f"complete data, latents of {longest}": (complete, longest),
            f"{exact.percent} % missing at random, latents of {exact.rank}": (masked, exact.rank),
        }
        show(
            theory.errors(
                {title: sweeps.by_noise(exact.moments, keep, rank, levels) for title, (keep, rank) in cases.items()},
                "noise_level",
                "noise, relative",
                log=True,
            ),
            self.results.figures,
            "noise",
            "Exact relative error against the noise level. Errors above 2 lie outside the picture.",
        )
