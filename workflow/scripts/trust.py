"""Try the trust of predictions out on test data, as they should be and spoiled: one tidy table."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import csv
    from pathlib import Path

    from pairlsi.data import store
    from pairlsi.jobs import outputs
    from pairlsi.predictions import model, rates

results = Path(snakemake.input.scalars).parents[1]  # noqa: F821
predictor = model.of_folder(snakemake.params.experiment, results)  # noqa: F821
experiment, data = predictor.experiment, results / "data"
splits = {split: tuple(store.read(data / f"{split}.zarr", name) for name in store.ARRAYS) for split in ("test", "ood")}
found = list(rates.rows(predictor, rates.masks(experiment), splits, experiment.evaluation.seed))
with outputs.written(snakemake.output.table) as beside, open(beside, "w", encoding="utf-8", newline="") as file:  # noqa: F821
    writer = csv.DictWriter(file, found[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in found)
