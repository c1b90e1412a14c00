"""Train one network with one seed, or fit the linear one."""

from pairlsi import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import hashlib
    import json
    from pathlib import Path

    import torch

    from pairlsi import latents, networks, outputs, problems, provenance, training
    from pairlsi.batches import Batches
    from pairlsi.networks import latent_prior
    from pairlsi.settings import Training

wildcards, params, output = snakemake.wildcards, snakemake.params, snakemake.output  # noqa: F821
seed = int(wildcards.seed)
settings = Training(**params.training, seeds=[seed])
data = Path(snakemake.input.scalars).parent  # noqa: F821
scalars, means = networks.read_statistics(data)
said = {name: params[name] for name in ("problem", "network", "training", "source")} | {"statistics": scalars}
identity = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

torch.manual_seed(seed)  # initial weights; batches have generators of their own
network = networks.create(wildcards.network, params.network, problems.create(params.problem))
networks.fit_scaling(network, scalars, means, params.network["centre"])
batches = Batches(data / "train.zarr", settings.batch_size, settings.buffer_samples, seed)
validation = Batches(data / "validation.zarr", 256, settings.buffer_samples, seed, incomplete=True)
# no output of the rule: Snakemake deletes the outputs of a job that was killed, and this one is to resume
checkpoint = Path(output.weights).with_name("checkpoint.pt")
if wildcards.network == "linear":
    history = training.fit_linear(network, batches, validation)
else:
    best, history = training.train(network, batches, validation, settings, checkpoint, identity, snakemake.threads)  # noqa: F821
    network.load_state_dict(best)
read = {split: provenance.recorded(data / f"{split}.zarr") for split in ("train", "validation")}
told = said | {"seed": seed, "data": {split: record["settings"] for split, record in read.items()}}
told |= {"dealt": read["train"].get("dealt"), "provenance": provenance.describe()}
if wildcards.network in ("pair", "vpae"):
    latent_prior.fit(network, batches)
if wildcards.network == "vpae":
    told["divergence_of_latents"] = latents.describe(network, validation)

networks.save(network, output.weights)
training.write_history(history, output.history)
with outputs.written(output.settings) as beside:
    beside.write_text(json.dumps(told, indent=1), encoding="utf-8")
checkpoint.unlink(missing_ok=True)
