"""The median test image by the paper's three methods."""

from pairlsi.reports.sections import Section


class OverviewCT(Section):
    """Those of the paper's methods that were run on all masks."""

    label = ""
    description = "The test image of median error, its data by mask, and estimates of the paper's three methods."

    def show(self):
        from pairlsi.evaluation.comparisons import matched
        from pairlsi.reports.display import show
        from pairlsi.reports.wording import ROWS

        stored = self.results
        masks, sample = stored.sweep.pictured, median_sample(stored, "test")
        by_mask = {name: {symbol: matched(method, symbol) for symbol in masks} for method, name in ROWS.items()}
        rows = {name: found for name, found in by_mask.items() if set(found.values()) <= set(stored.methods)}
        if not rows:
            rows = {stored.label(name): dict.fromkeys(masks, name) for name in stored.methods[:3]}
        show(
            example(stored, "test", sample, rows),
            stored.figures,
            "overview",
            f"Test sample {sample}, the median in error. Upper row: the data, angles running to the right, missing "
            "ones grey. Below: estimates with their relative errors, the least on each mask in bold. The "
            "encoder-decoder of each column is the one trained on that kind of mask; masks with a prime are new to it.",
        )


def median_sample(stored, split: str) -> int:
    """The sample whose error over the masks of the picture, by PAIR+LSI where that was run, is the median over the
    split, or over those of its samples that all methods were run on: what takes long has the first ones alone, and is
    to be seen too.
    """
    from pairlsi.evaluation import by_percent
    from pairlsi.reports import examples

    methods, sweep = stored.methods, stored.sweep
    method = "lsi" if "lsi" in methods else methods[0]
    seen = {mask for symbol in sweep.pictured for mask in sweep.names(symbol)}
    rows = sweep.table[(sweep.table.split == split) & (sweep.table.method == method) & sweep.table["mask"].isin(seen)]
    errors = rows[rows.seed == stored.seed].groupby("sample").rre.mean().reindex(getattr(sweep, split).samples)
    return examples.median(errors.to_numpy(), by_percent.shared_samples(sweep, split, methods))


def example(stored, split: str, sample: int, rows: dict[str, dict[str, str]]):
    """The figure of one sample; rows: name of the row -> the paper's name of the mask -> method."""
    from pairlsi.reports import examples
    from pairlsi.reports.figures import common

    found = examples.on_masks(stored, split, sample, rows)
    return common.examples(found.truth, found.data, found.estimates, found.errors, (0, float(found.truth.max())))
