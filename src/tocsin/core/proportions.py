"""How sure a share is that was counted on few."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """The 95 % interval of the share ``part / whole``, as two numbers from 0 to 1; None when nothing was
    counted.

    Wilson's score interval (E. B. Wilson, JASA 22, 1927): unlike the share plus and minus something, it stays
    within 0 and 1 and means what it says when ``whole`` is small.
    """
    if whole == 0:
        return None
    share, z = part / whole, _Z
    middle = share + z * z / (2 * whole)
    reach = z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)
