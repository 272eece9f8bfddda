"""How sure a share is that was counted in a few cases.

In: how many of how many. Out: the interval that holds the true share in 95 of 100 such counts (Wilson). Refuses to
divide by nothing.
"""

from __future__ import annotations

import math

_Z = 1.96


def interval(found: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share. Raises `ValueError` where there is nothing to take a share of."""
    if not 0 <= found <= of or not of:
        raise ValueError(f"{found} of {of} is no share")
    share = found / of
    middle, half = share + _Z * _Z / (2 * of), _Z * math.sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    low, high = (middle - half) / (1 + _Z * _Z / of), (middle + half) / (1 + _Z * _Z / of)
    # What is rounded must not put the share itself outside.
    return max(0.0, min(low, share)), min(1.0, max(high, share))
