"""What a report on ever more missing data looks at: kinds of masks, percentages, the samples that all methods share."""

import numpy as np

from pairlsi.evaluation import by_percent
from pairlsi.evaluation.regimes import COMPARED
from pairlsi.evaluation.stored import Stored
from pairlsi.evaluation.wording import WHERE, label

SEARCHING = ("lsi", "lsi-prior", "lsi-refined", "mlsi", "mlsi-lsi", "fwi", "fwi-lsi", "lsi-zx")


class Scope:
    """Of the test split of one experiment.

    kinds: of masks with something missing; kind: the first of them, which most of the report is about; percents: of
    that kind, 0 for full data; heavy: the largest that all methods were run on, or of all where there is none; mask:
    the first draw of that; shared (N,) bool: the samples that all methods were run on; everyone (N,) bool: all
    samples; labels: method -> its name.
    """

    def __init__(self, stored: Stored):
        self.stored, self.sweep = stored, stored.sweep
        self.methods, self.confidence = stored.inference.methods, stored.experiment.evaluation.confidence
        self.labels = {method: label(method) for method in {*self.methods, "mean", *COMPARED}}
        self.searching = [method for method in SEARCHING if method in self.methods]
        self.kinds = [k for k in ("random", "block") if k in set(self.sweep.table.mask_kind)] or ["none"]
        self.kind = self.kinds[0]
        self.percents = by_percent.percents(self.sweep, self.kind)
        run = by_percent.run_at(self.sweep, self.methods, self.kind)
        self.heavy = max(set(self.percents).intersection(*run.values()) - {0} or self.percents)
        self.mask = stored.mask(self.kind, self.heavy)
        self.shared = by_percent.shared_samples(self.sweep, "test", self.methods)
        self.everyone = np.ones_like(self.shared)

    @property
    def missing(self) -> str:
        """What is missing and how, for captions."""
        return self.missing_of(self.kind)

    def missing_of(self, kind: str) -> str:
        """The same for masks of another kind."""
        return f"{self.stored.problem.missing_name} missing {WHERE[kind]}" if WHERE[kind] else "nothing missing"

    @property
    def loss(self) -> str:
        """How much is missing at heavy loss, to follow "with"."""
        return f"{self.heavy} % of the {self.missing}" if self.heavy else "nothing missing"

    def at_heavy(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Mean errors over these samples (N,) bool at heavy loss: method -> (1 + R,), the least first."""
        return by_percent.means_at(self.sweep, self.methods, self.kind, self.heavy, samples)

    def errors(self, method: str) -> np.ndarray:
        """The RRE of each test sample (N,) at heavy loss, NaN for those that the method was not run on."""
        return by_percent.values(self.sweep, "test", method, self.kind, self.heavy).mean((0, 1))
