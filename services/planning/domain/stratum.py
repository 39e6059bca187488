"""What the sums of some respondents say about single items and about items together."""

from dataclasses import dataclass

import numpy as np

from services.planning.domain.layout import NON_USE, Floats, Ints, Layout, Slot
from services.planning.domain.survey import NEED


@dataclass(frozen=True, slots=True)
class Stratum:
    """The merged sums of one or more groups; shapes as in `Tables`, without the strata."""

    layout: Layout
    respondents: int
    misread: int
    cells: Ints
    pairs: Ints
    sums: Ints
    products: Ints

    def slot(self, item: str) -> Slot:
        return self.layout.slots[self.layout.position[item]]

    def joint(self, item: str) -> Ints:
        """(importance, satisfaction) counts of a need's pairs. Never negative."""
        return self._table(item)[:, : self.slot(item).points]

    def non_use(self, item: str) -> Ints:
        """(importance, [unaware, unused]) counts of a need."""
        return self._table(item)[:, -len(NON_USE) :]

    def histogram(self, item: str) -> Ints:
        """Counts of a rating's values, lowest first."""
        counts: Ints = self._table(item)[0]
        return counts

    def _table(self, item: str) -> Ints:
        slot = self.slot(item)
        first = self.layout.first_cell[self.layout.position[item]]
        rows = slot.points if slot.kind == NEED else 1
        counts = self.cells[first : first + slot.cells].reshape(rows, -1)
        positive: Ints = np.maximum(counts, 0)
        return positive

    def moments(self, items: list[str]) -> tuple[Ints, Floats, Floats]:
        """n, means and covariances (divisor n) of the variables of these items, in their order.

        A covariance is taken over those who answered both items, so n is a matrix and its
        diagonal is what each mean rests on. Where nobody did, mean and covariance are 0.
        """
        positions = [self.layout.position[item] for item in items]
        first = self.layout.first_variable
        variables = np.concatenate([np.arange(first[p], first[p + 1]) for p in positions])
        owner = np.repeat(positions, [first[p + 1] - first[p] for p in positions])
        n = np.maximum(self.pairs[np.ix_(owner, owner)], 0)
        divisor = np.maximum(n, 1)
        sums = self.sums[np.ix_(variables, owner)]
        products = self.products[np.ix_(variables, variables)]
        both = products / divisor - (sums / divisor) * (sums.T / divisor)
        means = np.diagonal(sums) / np.diagonal(divisor)
        return n, np.where(np.diagonal(n) > 0, means, 0.0), np.where(n > 0, both, 0.0)
