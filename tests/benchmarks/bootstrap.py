"""Where a mean lies when what it was taken of is drawn again."""

from __future__ import annotations

import numpy as np

from pipeline.graph.mixing import mixed

DRAWS = 1_000


def bootstrapped(groups: dict[str, list[float]]) -> tuple[float, float, float]:
    """The mean of all, and where it lies in 95% of draws of whole groups."""
    sums = np.array([sum(each) for each in groups.values()])
    sizes = np.array([len(each) for each in groups.values()])
    draws = mixed(np.arange(DRAWS * len(sums)), 7) % np.uint64(len(sums))
    drawn = draws.astype(np.int64).reshape(DRAWS, -1)
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(sums.sum() / sizes.sum()), float(low), float(high)
