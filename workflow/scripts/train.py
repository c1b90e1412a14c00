"""Train one network with one seed, or solve for it where it has a closed form."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import hashlib
    import json
    from pathlib import Path

    import torch

    from pairlsi import problems
    from pairlsi.core import parts
    from pairlsi.data.batches import Batches
    from pairlsi.data.statistics import read_statistics
    from pairlsi.jobs import outputs, provenance
    from pairlsi.networks import stored
    from pairlsi.training import closed_form, loop
    from pairlsi.training.settings import Training

params, output = snakemake.params, snakemake.output  # noqa: F821
seed, data = int(snakemake.wildcards.seed), Path(snakemake.input.scalars).parent  # noqa: F821
epochs = params.network["network"].get("epochs") or params.training["epochs"]
settings = Training(**{**params.training, "seeds": [seed], "epochs": epochs})
statistics = read_statistics(data)
splits = {split: data / f"{split}.zarr" for split in ("train", "validation")}
told = provenance.record(snakemake, data.parent, snakemake.input.scalars, *splits.values())  # noqa: F821
# a checkpoint belongs to these settings, sources and numbers, whatever the data say of themselves
said = {**told["params"], "statistics": statistics.scalars}
identity = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

torch.manual_seed(seed)  # initial weights; batches have generators of their own
part = parts.find("networks", params.network["network"]["kind"])
problem = problems.create(params.problem)
symmetries = problem.symmetries if settings.symmetries else None
network = stored.create(params.network, problem)
stored.fit_scaling(network, statistics, params.network["scaling"], symmetries)
batches = Batches(splits["train"], settings.batch_size, settings.buffer_samples, seed, symmetries=symmetries)
validation = Batches(splits["validation"], 256, settings.buffer_samples, seed, incomplete=True)
# no output of the rule: Snakemake deletes the outputs of a job that was killed, and this one is to resume
checkpoint = Path(output.weights).with_name("checkpoint.pt")
if part.closed_form:
    history = closed_form.solved(part, network, batches, validation, symmetries)
else:
    if part.starts_in_closed_form(network):
        start = stored.load_trained(snakemake.input.start, problem, "cpu") if snakemake.input.get("start") else None  # noqa: F821
        closed_form.solve(part, network, batches, symmetries, start)
    best, history = loop.train(network, batches, validation, settings, checkpoint, identity, snakemake.threads)  # noqa: F821
    network.load_state_dict(best)
told |= part.finish(network, batches, validation)

stored.save(network, output.weights)
loop.write_history(history, output.history)
with outputs.written(output.settings) as beside:
    beside.write_text(json.dumps(told, indent=1), encoding="utf-8")
checkpoint.unlink(missing_ok=True)
