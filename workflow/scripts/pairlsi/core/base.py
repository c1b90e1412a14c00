"""The base of all settings, the types that they share, and the splits of the data."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

SPLITS = ("train", "validation", "test", "ood")
EVALUATED = ("test", "ood")  # for the report alone; every choice is made on the validation split


class Strict(BaseModel):
    """Base of all settings: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _distinct(values: list) -> list:
    if len(set(values)) < len(values):
        raise ValueError(f"the entries must differ, {values} repeats one")
    return values


def _no_boolean(value):
    if isinstance(value, bool):
        raise ValueError("it should be a valid integer, not yes or no")
    return value


Distinct = AfterValidator(_distinct)
Integer = Annotated[int, BeforeValidator(_no_boolean)]
Seed = Annotated[Integer, Field(ge=0, lt=2**32)]
Count = Annotated[Integer, Field(ge=1)]
Seeds = Annotated[list[Seed], Field(min_length=1), Distinct]
Percent = Annotated[Integer, Field(ge=0, lt=100)]
Weight = Annotated[float, Field(ge=0)]
Iterations = Annotated[Integer, Field(ge=1, le=10000)]
