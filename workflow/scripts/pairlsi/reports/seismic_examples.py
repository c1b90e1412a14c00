"""What sections of the cross-well report show of samples: models and data, data completed, velocities estimated."""

import numpy as np

from pairlsi.reports import display, examples
from pairlsi.reports.figures import crosswell as crosswell_figures
from pairlsi.reports.scope import Scope

ENOUGH = 3  # samples that all methods share, to pick an easy, a middling and a hard one of them
MEMBERS = 5  # of the ensemble that completes data, shown one by one


class Examples:
    """The sections, on the scales that their figures share.

    shot: the channel in the middle of the left well, which stands for all where one is shown.
    """

    def __init__(self, scope: Scope):
        self.scope, self.stored, self.problem = scope, scope.stored, scope.stored.problem
        self.scales = crosswell_figures.Scales.of(self.problem, self.stored.samples("test", "y", slice(0, 1)))
        self.shot = self.problem.settings.sources_per_well // 2
        self.at_heavy = scope.at_heavy(scope.shared)
        self.missing = scope.loss

    def overview(self) -> None:
        """The sample of median error, by PAIR+LSI where that was run: truth, what was measured, estimates."""
        scope = self.scope
        errors = scope.errors("lsi" if "lsi" in scope.methods else next(iter(self.at_heavy)))
        sample = examples.median(errors, scope.shared)
        searching = [method for method in scope.searching if method != "lsi-zx"]
        shown = [method for method in ("pair", *searching) if method in self.at_heavy]
        shown = shown or [method for method in self.at_heavy if method not in scope.sweep.blind]
        found = examples.by_method(self.stored, shown, scope.mask, [sample])
        if not found.estimates:
            return
        data = self.stored.samples("test", "y", slice(sample, sample + 1))[0, self.shot]
        keep = self.stored.keep(scope.mask, sample, self.shot)
        display.show(
            crosswell_figures.overview(
                found.truths[0],
                examples.observed(data, keep),
                {name: (images[0], found.errors[name][0]) for name, images in found.estimates.items()},
                self.scales,
                crosswell_figures.receivers(self.problem, keep),
            ),
            self.stored.figures,
            "overview",
            f"Test sample {sample}, of median error, with {self.missing}: the truth with the receivers that are left, "
            "one of the records (missing receivers grey), and the estimates with their relative errors, the least in "
            "bold.",
        )

    def models_and_data(self) -> None:
        """The paper's Figure 4: the first models in and out of distribution, and records of the first."""
        splits = {"as in training": "test", "out of distribution": "ood"}
        models = {name: self.stored.samples(split, "x", slice(0, 5))[:, 0] for name, split in splits.items()}
        display.show(
            crosswell_figures.models(models, self.scales),
            self.stored.figures,
            "figure-4a",
            "The first velocity models of the test split, and of another geology that no network was trained on.",
        )
        first = self.stored.samples("test", "y", slice(0, 1))[0]
        shots = sorted({0, len(first) // 4, len(first) // 2})
        display.show(
            crosswell_figures.records(
                {crosswell_figures.shot(self.problem, shot): first[shot] for shot in shots}, self.scales
            ),
            self.stored.figures,
            "figure-4b",
            f"{len(shots)} of the {len(first)} channels that belong to the first of these models.",
        )

    def completed_data(self) -> None:
        """The paper's Figure 5: data completed by PAIR+LSI, with members of its ensemble."""
        if "lsi" not in self.scope.methods:
            display.show_text("This figure needs the method lsi.")
            return
        found = examples.completion(self.stored, self.scope.kind, self.scope.heavy, MEMBERS)
        full, mean, members = found.full[self.shot], found.mean[self.shot], found.members[:, self.shot]
        measured = examples.observed(full, self.stored.keep(self.scope.mask, found.sample, self.shot))
        display.show(
            crosswell_figures.completion(full, measured, members, mean, found.error, self.scales),
            self.stored.figures,
            "figure-5",
            f"Test sample {found.sample}, one channel, {self.missing} (grey). Above: the full data, what was measured, "
            "the completed data with their relative error over all channels, and how far they are off. "
            + ("Below: members and their standard deviation." if len(members) > 1 else "There is a single member."),
        )

    def estimates(self) -> None:
        """The paper's Figure 6: samples from easy to hard, by the error of the best method, as each estimates them."""
        scope = self.scope
        pool = scope.shared if scope.shared.sum() >= ENOUGH else scope.everyone
        best = next(method for method in self.at_heavy if np.isfinite(scope.errors(method)[pool]).all())
        samples = examples.easy_to_hard(scope.errors(best), pool)
        shown = [method for method in scope.methods if method in self.at_heavy and method not in scope.sweep.blind]
        found = examples.by_method(self.stored, shown, scope.mask, samples)
        if not found.estimates:
            display.show_text("This figure needs a method that estimates from data.")
            return
        last = "The last row is the standard deviation over members for the last sample." if found.deviations else ""
        display.show(
            crosswell_figures.estimates(found.truths, found.estimates, found.errors, found.deviations, self.scales),
            self.stored.figures,
            "figure-6",
            f"Test samples {', '.join(map(str, samples))}, from easy to hard, {self.missing}; relative errors below, "
            f"the least in bold. {last}",
        )
