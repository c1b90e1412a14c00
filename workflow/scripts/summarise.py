"""Join the metrics of the whole sweep into one tidy table and judge the paper's claims on it."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import pandas as pd

    from pairlsi.evaluation import seeds
    from pairlsi.evaluation.claims import judge
    from pairlsi.evaluation.settings import Evaluation
    from pairlsi.jobs import outputs

params, output = snakemake.params, snakemake.output  # noqa: F821
found = pd.concat([pd.read_csv(file) for file in snakemake.input], ignore_index=True)  # noqa: F821
found = seeds.repeated(found, params.seeds)
metrics, controls = found[found.control.isna()].drop(columns="control"), found[found.control.notna()]
claims = judge(metrics, controls, Evaluation(**params.evaluation), params.noise_level)
for table, path in ((metrics, output.metrics), (claims, output.claims)):
    with outputs.written(path) as beside:
        table.to_csv(beside, index=False)
