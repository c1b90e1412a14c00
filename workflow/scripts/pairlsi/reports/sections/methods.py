"""What was run, and how to read it."""

from pairlsi.reports.sections import Section


class Methods(Section):
    """Sizes, every method in a sentence, what the numbers are."""

    label = "What was run, and how to read it"
    description = "Sizes of the experiment, every method in a sentence, and what the numbers are."

    def show(self):
        from pairlsi.reports.display import show_text

        show_text(f"{self.sizes()}\n\n**Methods.**\n\n{self.methods()}\n\n{self.reading()}")

    def sizes(self) -> str:
        stored = self.results
        problem, counts, seeds = stored.problem, stored.experiment.data.samples, stored.experiment.training.seeds
        networks = ", ".join(stored.label(name) for name in stored.networks)
        x, y = (" × ".join(map(str, shape)) for shape in (problem.x_shape, problem.y_shape))
        return f"""
**What was run.** $x$: {x}, {problem.x_unit}; $y$: {y}, {problem.y_unit}, of {problem.missing_count}
{problem.missing_name}, with {100 * problem.noise_level:g} % noise. {counts.train} pairs to train, {counts.validation}
to validate, {counts.test} to test, {counts.ood} out of distribution (OOD). Networks: {networks}; seeds:
{", ".join(map(str, seeds))}. Sizes differ from the paper's, so compare the order of methods rather than the numbers."""

    def methods(self) -> str:
        stored, lines = self.results, []
        for name, (_, part, settings) in stored.experiment.methods.items():
            start = part.starts_from(settings)
            told = f" It starts from {stored.label(start)}." if start else ""
            lines.append(f"- *{stored.label(name)}*: {part.told(settings, stored.experiment.networks)}{told}")
        return "\n".join(lines)

    def reading(self) -> str:
        from pairlsi.reports import tables
        from pairlsi.reports.wording import sources

        stored = self.results
        problem, draws = stored.problem, max(one.settings.draws for one in stored.experiment.observations.values())
        seen = [
            f"*{self._name(name, one)}*: {one.part.description}" for name, one in stored.experiment.observations.items()
        ]
        few = [
            f"{stored.label(name)} on the first {one.settings.samples.test} test samples"
            for name, one in stored.experiment.methods.items()
            if one.settings.samples
        ]
        dear = f" Methods that take long were run on fewer samples: {', '.join(few)}." if few else ""
        return f"""
**How to read it.** RRE = $\\|\\hat x - x\\| / \\|x\\|$, less is better. The error relative to the deviation is
$\\|\\hat x - x\\| / \\|x - \\bar x\\|$ with $\\bar x$ the pixel-wise mean of the training split: 1 is no better than
the mean, whatever its size. SSIM and PSNR are taken at the data range of the training samples,
{stored.statistics.data_range:.3f} {problem.x_unit}. Means are over the test split unless OOD is
said; no choice was made on either. Estimates of ensembles are means over their members. Intervals are
{100 * stored.confidence:g} % bootstrap intervals {sources(len(stored.experiment.training.seeds), draws - 1)}. How data
were observed: {" ".join(seen)} A prime, as in R′, is for draws that no network was trained on.
{tables.draws(stored.sweep, stored.methods)}{dear} Where methods are compared, it is on the samples and masks that
they share unless the caption says that it is not."""

    @staticmethod
    def _name(name: str, one) -> str:
        if one.part.symbol == "none":
            return "full data"
        label = f" ({one.settings.label})" if one.settings.label else ""
        return (one.part.symbol if name == one.part.kind and one.part.symbol else name) + label
