"""Choose where to measure, and try the choices out on test data: one tidy table."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import csv
    from pathlib import Path

    from pairlsi.data import store
    from pairlsi.designs import trial
    from pairlsi.jobs import outputs
    from pairlsi.predictions import model

results = Path(snakemake.input.scalars).parents[1]  # noqa: F821
predictor = model.of_folder(snakemake.params.experiment, results)  # noqa: F821
test = tuple(store.read(results / "data" / "test.zarr", name) for name in store.ARRAYS)
found = trial.rows(predictor, snakemake.params.linear, test, predictor.experiment.evaluation.seed)  # noqa: F821
with outputs.written(snakemake.output.table) as beside, open(beside, "w", encoding="utf-8", newline="") as file:  # noqa: F821
    first = next(found)
    writer = csv.DictWriter(file, first, lineterminator="\n")
    writer.writeheader()
    for row in (first, *found):
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
