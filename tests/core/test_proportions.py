"""Shares counted on few."""

from __future__ import annotations

import pytest

from tocsin.core.proportions import wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Wilson's interval as R's prop.test(correct=FALSE) gives it
    [
        (0, 10, 0.0, 0.2775328),
        (10, 10, 0.7224672, 1.0),
        (5, 10, 0.2365931, 0.7634069),
        (1, 1, 0.2065493, 1.0),
    ],
)
def test_the_interval_is_that_of_the_textbooks(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=1e-6)


def test_nothing_counted_has_no_interval() -> None:
    assert wilson(0, 0) is None
