"""Rate limits: exact under concurrency, and a try counts even when what was tried is rolled back."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tocsin.core.access.models import RateBucket
from tocsin.core.errors import TooManyAttempts
from tocsin.core.ratelimit import LocalBuckets, forget_idle, refill, take

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
database = pytest.mark.django_db(transaction=True)


@database
def test_a_bucket_holds_so_many_and_fills_up_again() -> None:
    with time_machine.travel(START, tick=False) as clock:
        assert [take("pin:1", 3, 60) for _ in range(3)] == [2.0, 1.0, 0.0]
        with pytest.raises(TooManyAttempts) as refused:
            take("pin:1", 3, 60)
        assert refused.value.retry_after == 20
        clock.shift(19)
        with pytest.raises(TooManyAttempts) as refused:
            take("pin:1", 3, 60)
        assert refused.value.retry_after == 1
        clock.shift(1)
        assert take("pin:1", 3, 60) == 0.0
        clock.shift(3600)
        assert take("pin:1", 3, 60) == 2.0  # never more than it holds


@database
def test_buckets_do_not_touch_each_other() -> None:
    take("pin:1", 1, 60)
    assert take("pin:2", 1, 60) == 0.0
    with pytest.raises(TooManyAttempts):
        take("pin:1", 1, 60)


@database
def test_a_refused_try_takes_nothing() -> None:
    with time_machine.travel(START, tick=False) as clock:
        take("export:1", 10, 100, cost=8)
        for _ in range(5):
            with pytest.raises(TooManyAttempts) as refused:
                take("export:1", 10, 100, cost=5)
        assert refused.value.retry_after == 30
        clock.shift(30)
        assert take("export:1", 10, 100, cost=5) == pytest.approx(0)


@database
def test_what_can_never_fit_is_refused_without_a_bucket() -> None:
    with pytest.raises(TooManyAttempts):
        take("export:1", 10, 100, cost=11)
    assert RateBucket.objects.count() == 0


@database
def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    with time_machine.travel(START, tick=False) as clock:
        take("pin:1", 2, 60)
        clock.shift(-3600)
        assert take("pin:1", 2, 60) == 0.0
        clock.shift(3600)
        with pytest.raises(TooManyAttempts):
            take("pin:1", 2, 60)


@database
def test_a_try_counts_although_the_caller_rolls_back() -> None:
    for _ in range(2):
        with transaction.atomic():
            take("pin:1", 2, 600)
            transaction.set_rollback(True)  # the PIN was wrong
    with pytest.raises(TooManyAttempts), transaction.atomic():
        take("pin:1", 2, 600)


@database
def test_many_at_once_get_exactly_what_there_is() -> None:
    def attempt(_: int) -> bool:
        try:
            take("pin:1", 7, 36_000)
        except TooManyAttempts:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(60))) == 7


@database
def test_success_forgets_the_tries_and_idle_buckets_go() -> None:
    with time_machine.travel(START, tick=False) as clock:
        take("pin:1", 1, 60)
        refill("pin:1")
        assert take("pin:1", 1, 60) == 0.0
        clock.shift(dt.timedelta(days=3))
        take("pin:2", 1, 60)
        assert forget_idle() == 1
    assert RateBucket.objects.get().name == "pin:2"


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 4)), max_size=40))
@hypothesis_settings(max_examples=60, deadline=None)
def test_the_memory_bucket_never_gives_more_than_the_rate_allows(steps: list[tuple[float, int]]) -> None:
    given_out, elapsed, buckets = 0, 0.0, LocalBuckets()
    with time_machine.travel(START, tick=False) as clock:
        for wait, cost in steps:
            clock.shift(wait)
            elapsed += wait
            with suppress(TooManyAttempts):
                buckets.take("key:1", 5, 10, cost)
                given_out += cost
            assert given_out <= 5 + elapsed * 5 / 10 + 1e-6


def test_the_memory_bucket_forgets_the_least_used() -> None:
    buckets = LocalBuckets(most=2)
    buckets.take("a", 1, 3600)
    buckets.take("b", 1, 3600)
    with pytest.raises(TooManyAttempts):
        buckets.take("b", 1, 3600)
    buckets.take("c", 1, 3600)
    buckets.take("a", 1, 3600)  # was forgotten to make room for c
