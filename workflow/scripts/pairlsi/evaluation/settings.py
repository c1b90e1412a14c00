"""How results are judged: the block `evaluation` of an experiment."""

from typing import Annotated, Literal

from pydantic import Field

from pairlsi.core.base import Distinct, Integer, Seed, Strict


class Evaluation(Strict):
    """Of the bootstrap and of the paper's claims."""

    seed: Seed = Field(description="of the bootstrap")
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = Field(description="of the intervals")
    resamples: Annotated[Integer, Field(ge=100, le=100000)] = Field(
        description="of samples, and of masks and seeds where there are three or more"
    )
    percent: Annotated[Integer, Field(ge=1, lt=100)] = Field(
        25, description="missing in the masks R, R′, B and B′ of the paper's claims and of its Table 1"
    )
    claims: Annotated[list[Literal[1, 2, 3, 4, 5, 6, 7, 8, 9]], Distinct] = Field(
        description="of the paper, to be judged: workflow/METHOD.md lists them"
    )
