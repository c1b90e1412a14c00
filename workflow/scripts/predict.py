"""Estimate x from measured data of one's own, and judge how far to trust the estimates."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from tqdm import tqdm

    from pairlsi.designs import next_rows
    from pairlsi.jobs import outputs, provenance
    from pairlsi.predictions import model, page, writing

input, output, params = snakemake.input, snakemake.output, snakemake.params  # noqa: F821
names, results = snakemake.wildcards, Path(input.scalars).parents[1]  # noqa: F821
predictor = model.of_folder(params.experiment, results)
methods = params.asked["methods"] or predictor.methods
with tqdm(total=len(methods), desc=f"predict {names.name}", unit="method", file=job.terminal, disable=None) as bar:

    def told(label: str) -> None:
        bar.set_postfix_str(label)
        bar.update(bar.n < bar.total - 1)

    extra = {key: params.asked[key] for key in ("keep", "positions", "scale")}
    found = predictor.infer(input.observation, methods=methods, told=told, **extra)
    bar.update(bar.total - bar.n)
record = provenance.record(snakemake, results)  # noqa: F821
labels = predictor.experiment.labels
like, sentences = page.verdict(found, labels)
for sentence in [*found.said, *found.odd, *sentences]:
    print(sentence, file=job.terminal)
with outputs.written(output.estimates) as beside:
    writing.write_store(found, predictor.problem, beside, record)
with outputs.written(output.stacks) as beside:
    writing.write_stacks(found, beside)
with outputs.written(output.table) as beside:
    writing.write_table(found, beside)
drawn = page.figures(found, predictor.problem, labels)
with outputs.written(output.figures) as beside:
    writing.write_figures(drawn, beside)
with outputs.written(output.page) as beside:
    following = next_rows.sentence(predictor, found.keep, list(found.estimates))
    told = page.page(found, predictor.problem, labels, names.name, names.experiment, drawn, following)
    beside.write_text(told, encoding="utf-8")
