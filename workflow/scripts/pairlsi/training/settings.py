"""How networks are trained: the block `training` of an experiment."""

from typing import Annotated, Literal

from pydantic import Field

from pairlsi.core.base import Count, Integer, Seeds, Strict


class Training(Strict):
    """The same for every network of an experiment."""

    seeds: Seeds = Field(description="each network is trained once a seed")
    epochs: Count = Field(description="passes over the training split")
    batch_size: Annotated[Integer, Field(ge=2)] = Field(description="samples of a batch, over all processes")
    learning_rate: Annotated[float, Field(gt=0, le=1)] = Field(description="of Adam, at its peak")
    warmup: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="part of the steps over which the learning rate rises; a cosine follows"
    )
    buffer_samples: Count = Field(
        description="samples held in memory; larger splits are shuffled within a buffer of this size"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        description="of training and inference: auto takes a GPU where there is one"
    )
    devices: Count = Field(1, description="processes a node, a GPU each, that share every batch of a training")
    nodes: Count = Field(1, description="nodes of a training; more need Slurm: see docs/processes.md")
    symmetries: bool = Field(
        True, description="whether samples are turned about at random, every time anew, by the problem's symmetries"
    )
    precision: Literal["32-true", "bf16-mixed", "auto"] = Field(
        description="of the numbers in training: auto is bf16-mixed on processors that have it, else 32-true"
    )
