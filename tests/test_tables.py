"""Tables of the reports, on numbers made so that the answer is known."""

import numpy as np

from pairlsi.evaluation import tables


def test_rivals_names_the_best_of_the_others_and_says_only_what_the_whole_interval_says():
    scatter = 1 + 0.01 * np.random.default_rng(0).standard_normal(2000)  # 1 % standard deviation over resamples

    def resampled(mean, noise=scatter):
        return mean * np.concatenate([[1], np.broadcast_to(noise, 2000)])

    cases = {
        "better": {"lsi-refined": resampled(0.09), "cgls": resampled(0.1, 1), "pair": resampled(0.2)},
        "undecided": {"lsi-refined": resampled(0.0995), "cgls": resampled(0.1, 1), "pair": resampled(0.2)},
        "worse": {"lsi-refined": resampled(0.11), "cgls": resampled(0.2), "pair": resampled(0.1, 1)},
        "without": {"cgls": resampled(0.1), "pair": resampled(0.2)},
        "alone": {"lsi-refined": resampled(0.1)},
    }
    table = tables.rivals(cases, "lsi-refined", 0.95)
    assert list(table["data"]) == ["better", "undecided", "worse"] == list(table["verdict"])
    assert list(table["best of the others"]) == [tables.label(name) for name in ("cgls", "cgls", "pair")]
    assert table["lower by, %"][0].startswith("10.0 (8.") and table["lower by, %"][2].startswith("-10.0 (-1")
    assert tables.rivals({"alone": cases["alone"]}, "lsi-refined", 0.95).empty
