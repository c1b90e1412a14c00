"""What a report on ever more missing data looks at: kinds of masks, percentages, the samples that all methods share."""

import numpy as np

from pairlsi.evaluation import by_percent
from pairlsi.reports.stored import Stored


class Scope:
    """Of the test split of one experiment.

    kinds: of masks with something missing; kind: the given one, or the first, which most of the report is about;
    percents: of that kind, 0 for full data; heavy: the largest that all methods were run on, but those run on full
    data alone, or of all where there is none; mask: the first draw of that; shared (N,) bool: the samples that all
    methods were run on; everyone (N,) bool: all samples; labels, colours: of methods and networks by name.
    """

    def __init__(self, stored: Stored, kind: str | None = None):
        self.stored, self.sweep = stored, stored.sweep
        self.methods, self.confidence = stored.methods, stored.confidence
        self.labels, self.colours, self.searching = stored.labels, stored.colours, stored.searching
        seen = set(self.sweep.table.observation) - set(self.sweep.spoiling)
        kinds = [kind for kind, where in stored.where.items() if where and kind in seen] or ["none"]
        alike = [kind for kind in kinds if stored.masks_of(kind) == 1]  # first: figures of one mask are about these
        self.kinds = alike + [kind for kind in kinds if kind not in alike]
        self.kind = kind or self.kinds[0]
        self.percents = by_percent.percents(self.sweep, self.kind)
        run = by_percent.run_at(self.sweep, self.methods, self.kind).values()
        everywhere = set(self.percents).intersection(*(where for where in run if where - {0}))
        self.heavy = max(everywhere - {0} or self.percents)
        self.mask = stored.mask(self.kind, self.heavy)
        self.shared = by_percent.shared_samples(self.sweep, "test", self.methods)
        self.everyone = np.ones_like(self.shared)

    @property
    def missing(self) -> str:
        """What is missing and how, for captions."""
        return self.missing_of(self.kind)

    def missing_of(self, kind: str) -> str:
        """The same for masks of another kind."""
        where = self.stored.where.get(kind, "")
        return f"{self.stored.problem.missing_name} missing {where}" if where else "nothing missing"

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
