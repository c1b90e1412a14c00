"""Put an experiment's networks and what validation samples said of them into one file, to predict with elsewhere."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import json
    from pathlib import Path

    from pairlsi.jobs import outputs
    from pairlsi.predictions import exported, model, rates

results, params = Path(snakemake.input.scalars).parents[1], snakemake.params  # noqa: F821
predictor = model.of_folder(params.experiment, results)
settings = {
    Path(file).parts[-3]: json.loads(Path(file).read_text(encoding="utf-8"))
    for file in snakemake.input.networks  # noqa: F821
    if Path(file).name == "settings.json"
}
with outputs.written(snakemake.output.file) as beside:  # noqa: F821
    exported.write_exported(predictor, settings, rates.masks(predictor.experiment), beside)
