"""What an event turned out to be is what was known at a moment, and nothing later."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from tests.domains.scores.marketplace import RULES, START, STOLEN, label
from tocsin.domains.detection.models import Label
from tocsin.domains.scores.outcomes import outcomes
from tocsin.domains.scores.past import Past, Said
from tocsin.engine.scores.model import Labels

pytestmark = pytest.mark.django_db
SPEC = Labels((STOLEN,), of=("order", "customer"), days=30, genuine_after_days=0)
DAY = dt.timedelta(days=1)


def ms(day: float) -> int:
    return round((START + day * DAY).timestamp() * 1000)


def past(**said: list[Said]) -> Past:
    """Four events, on days 0, 1, 2 and 3; the first two are of one customer."""
    at = np.array([ms(day) for day in range(4)])
    who = ["ann", "ann", "bob", "cat"]
    entities = [{"order": f"o{n}", "customer": name} for n, name in enumerate(who)]
    types = np.array(["payment.authorised"] * 4)
    return Past(np.zeros((4, 1)), at, at, types, entities, said, 4)


def known(day: float, spec: Labels = SPEC, **said: list[Said]) -> list[int]:
    return outcomes(past(**said), spec, RULES, START + day * DAY).labels.tolist()


def test_a_label_counts_from_the_moment_it_arrived_until_it_was_revoked() -> None:
    Label.objects.bulk_create([label("o0", START + 5 * DAY)])
    assert known(5) == [-1, -1, -1, -1]
    assert known(5.1) == [1, -1, -1, -1]
    Label.objects.update(revoked_at=START + 9 * DAY)
    assert known(9) == [1, -1, -1, -1]
    assert known(9.1) == [-1, -1, -1, -1]


def test_the_newest_that_was_known_counts() -> None:
    Label.objects.bulk_create([label("o0", START + 5 * DAY), label("o0", START + 7 * DAY, f"not:{STOLEN}")])
    assert known(6)[0] == 1
    assert known(8)[0] == 0


def test_an_alert_that_was_cleared_says_genuine_when_its_rule_is_about_the_same() -> None:
    Label.objects.bulk_create(
        [label("o0", START + DAY, "not:dangerous"), label("o1", START + DAY, "not:other")]
    )
    assert known(4) == [0, -1, -1, -1]


def test_a_label_on_an_account_speaks_of_its_events_of_some_days_before_it() -> None:
    Label.objects.bulk_create([label("ann", START + 1.5 * DAY, kind="customer")])
    assert known(4) == [1, 1, -1, -1]
    assert known(4, Labels((STOLEN,), of=("customer",), days=1, genuine_after_days=0)) == [-1, 1, -1, -1]
    assert known(4, Labels((STOLEN,), of=("order",), genuine_after_days=0)) == [-1, -1, -1, -1]


def test_chargebacks_and_the_marketplaces_own_labels_speak_of_their_order() -> None:
    said = {
        "o0": [Said(ms(4), "chargeback.received", {"reason_code": "10.4"})],
        "o1": [Said(ms(4), "chargeback.received", {"reason_code": "13.1"})],
        "o2": [Said(ms(4), "fraud.labelled", {"fraud": False})],
        "o3": [
            Said(ms(4), "fraud.labelled", {"fraud": True}),
            Said(ms(6), "fraud.labelled", {"fraud": False}),
        ],
    }
    assert known(4, **said) == [-1, -1, -1, -1]
    assert known(5, **said) == [1, -1, 0, 1]
    assert known(7, **said) == [1, -1, 0, 0]


def test_silence_counts_as_genuine_only_after_the_days_that_are_stated() -> None:
    spec = Labels((STOLEN,), of=("order",), genuine_after_days=3)
    Label.objects.bulk_create([label("o0", START + 2 * DAY)])
    found = outcomes(past(), spec, RULES, START + 4.5 * DAY)
    assert (found.labels.tolist(), found.assumed) == ([1, 0, -1, -1], 1)


def test_where_silence_counts_a_fraud_does_not_count_before_what_is_genuine_would() -> None:
    Label.objects.bulk_create([label("o0", START + DAY)])
    assert known(2.5, Labels((STOLEN,), genuine_after_days=3)) == [-1, -1, -1, -1]
    assert known(2.5) == [1, -1, -1, -1]


def test_an_event_that_was_received_later_has_no_outcome() -> None:
    Label.objects.bulk_create([label("o0", START + DAY)])
    late = replace(past(), received=np.array([ms(9), ms(1), ms(2), ms(3)]))
    assert outcomes(late, SPEC, RULES, START + 8 * DAY).labels.tolist() == [-1, -1, -1, -1]
