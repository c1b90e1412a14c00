"""Seeds of the training in the tidy table: what none of them touches was run with the first one alone."""

import pandas as pd


def repeated(found: pd.DataFrame, seeds: list[int]) -> pd.DataFrame:
    """The table with the rows of every method for all seeds: where a method has those of fewer, its first again."""
    parts = [found]
    for _, own in found.groupby("method", sort=False):
        first = own[own.seed == own.seed.iloc[0]]
        parts += [first.assign(seed=seed) for seed in seeds if seed not in set(own.seed)]
    return pd.concat(parts, ignore_index=True)
