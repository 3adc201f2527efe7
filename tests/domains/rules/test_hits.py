"""Hits are counted by the hour, exactly once, in shadow too."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tests.domains import matter
from tests.domains.detection.desk import PACKAGED, Desk
from tests.domains.rules.drafts import NAME, TEXT, engineer
from tocsin.core.errors import AccessDenied
from tocsin.domains.detection.models import Alert, RuleHits, Verdict
from tocsin.domains.detection.queries import hits_since
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.staff.models import Staff
from tocsin.engine.language.ruleset import load

pytestmark = pytest.mark.django_db
HOUR_AGO = dt.timedelta(hours=2)


def test_hits_of_rules_in_force_and_in_shadow_are_counted_once(author: Staff, desk: Desk) -> None:
    stages = f'{NAME} = {{ stage = "shadow" }}'
    desk.switch(load({**PACKAGED.sources, "new.rules": TEXT, "stages.toml": stages}))
    desk.test_cards(cards=6)
    while ship_once(desk.read, limit=4):
        pass
    assert hits_since(engineer(author), timezone.now() - HOUR_AGO) == {"card_testing": (3, 0), NAME: (0, 4)}
    assert hits_since(engineer(author), timezone.now() + HOUR_AGO) == {}
    assert RuleHits.objects.count() in (3, 6)  # a test may run over the end of an hour
    assert Verdict.objects.count() == 3
    assert set(Alert.objects.values_list("rule", flat=True)) == {"card_testing"}
    with pytest.raises(AccessDenied):
        hits_since(engineer(matter.somebody("specialist")), timezone.now())
