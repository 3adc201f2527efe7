"""Documents are taken in whole or not at all, and a version of an indicator only once."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.domains import matter
from tests.domains.indicators.documents import AMBER, GREEN_1, RED, attribute, bundle, event, indicator
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, InvalidInput
from tocsin.domains.indicators import queries
from tocsin.domains.indicators.importing import import_document
from tocsin.domains.indicators.models import Import, Indicator, IndicatorValue
from tocsin.domains.indicators.queries import ShownValue

pytestmark = pytest.mark.django_db
TOLD = {"source": "A marketplace nearby", "reason": "Shared in the fraud circle."}
LATER = {"modified": "2026-10-02T08:00:00.000Z"}


def nothing_is_held() -> bool:
    return not (Import.objects.exists() or Indicator.objects.exists())


def test_an_import_keeps_what_was_said_and_by_whom(engineer: Actor) -> None:
    made = import_document(
        engineer,
        bundle(
            indicator(1, "[ipv4-addr:value = '198.51.100.7']", object_marking_refs=[AMBER], confidence=70),
            indicator(2, "[email-addr:value = 'maria@example.com']", object_marking_refs=[GREEN_1]),
            indicator(3, "[url:value LIKE 'http%']"),
        ),
        **TOLD,
    )
    assert (made.standard, made.source, made.tlp) == ("STIX 2.1", "A marketplace nearby", "amber")
    assert made.counts == {"new": 2}
    assert made.ignored == {"identity": 1}
    assert made.skipped == [{"path": "objects[3].pattern", "said": "it compares by LIKE"}]
    assert made.imported_by == engineer.ref
    [kept] = queries.imports(engineer)
    assert kept.reason == "Shared in the fraud circle."
    shown = {one.row.name: one for one in queries.indicators(engineer)}
    assert shown["Indicator 1"].values == (ShownValue("ipv4", "198.51.100.7"),)
    assert (shown["Indicator 1"].row.tlp, shown["Indicator 1"].row.confidence) == ("amber", 70)
    assert shown["Indicator 2"].values == (ShownValue("email", "m•••@e•••.com"),)
    stored = b"".join(bytes(one.value_sealed) for one in IndicatorValue.objects.all())
    assert b"maria" not in stored


def test_the_same_document_again_changes_nothing(engineer: Actor) -> None:
    content = event(attribute(1, "ip-src", "198.51.100.7"))
    first = import_document(engineer, content, **TOLD)
    again = import_document(engineer, content, source="Somebody else", reason="Again.")
    assert (again.pk, again.source) == (first.pk, "A marketplace nearby")
    assert (Import.objects.count(), Indicator.objects.count()) == (1, 1)


def test_only_a_newer_version_updates_and_nothing_opens_what_was_closed(engineer: Actor) -> None:
    old, new = "[ipv4-addr:value = '198.51.100.7']", "[ipv4-addr:value = '198.51.100.8']"
    import_document(engineer, bundle(indicator(1, old, object_marking_refs=[RED])), **TOLD)
    newer = import_document(
        engineer, bundle(indicator(1, new, object_marking_refs=[GREEN_1], **LATER)), **TOLD
    )
    assert newer.counts == {"updated": 1}
    older = import_document(engineer, bundle(indicator(1, old), indicator(2, old)), **TOLD)
    assert older.counts == {"unchanged": 1, "new": 1}
    first = Indicator.objects.get(standard_id__endswith="1")
    assert first.tlp == "red"
    assert first.modified == dt.datetime(2026, 10, 2, 8, tzinfo=dt.UTC)
    assert queries.indicator(engineer, first.pk).values == (ShownValue("ipv4", "198.51.100.8"),)


def test_only_its_source_changes_an_indicator_or_takes_it_back(engineer: Actor) -> None:
    pattern = "[ipv4-addr:value = '198.51.100.7']"
    import_document(engineer, bundle(indicator(1, pattern), indicator(2, pattern)), **TOLD)
    rows = list(Indicator.objects.order_by("pk").values())
    opened = indicator(1, pattern, object_marking_refs=[GREEN_1], **LATER)
    taken = indicator(2, pattern, revoked=True, **LATER)
    other = import_document(engineer, bundle(opened, taken), source="Somebody else", reason="Shared.")
    assert other.counts == {"foreign": 2}
    assert list(Indicator.objects.order_by("pk").values()) == rows
    own = import_document(
        engineer, bundle(taken, opened), source="A Marketplace NEARBY", reason=TOLD["reason"]
    )
    assert own.counts == {"updated": 1, "recalled": 1}


def test_no_personal_value_stays_in_clear_in_a_name_a_label_or_a_message(engineer: Actor) -> None:
    made = import_document(
        engineer,
        bundle(
            indicator(
                1, "[email-addr:value = 'maria@example.com']", name="Maria@Example.com",
                labels=["paid with 4111111111111111"],
            ),
            indicator(2, "[phone-number:value = '+14155550142']", name="Caller (415) 555-0142, 3 times"),
            indicator(3, "[x-tocsin-device:value = 'Phone-9-of-Maria']", name="phone-9-of-maria was here"),
            indicator(4, "[payment-card:card_number'4111111111111111']"),
        ),
        **TOLD,
    )  # fmt: skip
    assert made.skipped == [
        {"path": "objects[4].pattern", "said": "this is no STIX pattern, at line 1, column 25"}
    ]
    kept = list(Indicator.objects.order_by("standard_id"))
    assert [one.name for one in kept] == [
        "M•••@E•••.com", "Caller +1 ••• ••• 0142, 3 times", "•••aria was here"
    ]  # fmt: skip
    assert kept[0].labels == ["malicious-activity", "paid with •••• 1111"]
    titled = import_document(
        engineer, event(attribute(1, "phone-number", "+14155550142"), info="Calls of +14155550142"), **TOLD
    )
    assert titled.name == "Calls of +1 ••• ••• 0142"


def test_a_version_from_the_future_is_refused(engineer: Actor) -> None:
    ahead = indicator(1, "[ipv4-addr:value = '198.51.100.7']", modified="8999-01-01T00:00:00Z")
    with pytest.raises(InvalidInput, match="changed in the future"):
        import_document(engineer, bundle(ahead), **TOLD)
    assert nothing_is_held()


def test_a_document_with_one_mistake_leaves_nothing(engineer: Actor) -> None:
    good = indicator(1, "[ipv4-addr:value = '198.51.100.7']")
    with pytest.raises(InvalidInput, match=r"objects\[2\].modified"):
        import_document(engineer, bundle(good, indicator(2, "[url:value = 'x']", modified="never")), **TOLD)
    assert nothing_is_held()


@pytest.mark.parametrize(
    ("told", "field"),
    [({"source": " "}, "source"), ({"reason": "x"}, "reason"), ({"reason": "\0xxx"}, "reason")],
)
def test_who_shared_it_and_why_are_asked(engineer: Actor, told: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        import_document(engineer, event(attribute(1, "ip-src", "198.51.100.7")), **(TOLD | told))
    assert list(refused.value.fields) == [field]
    assert nothing_is_held()


def test_an_investigator_sees_but_does_not_import(investigator: Actor) -> None:
    with pytest.raises(AccessDenied):
        import_document(investigator, event(attribute(1, "ip-src", "198.51.100.7")), **TOLD)
    assert nothing_is_held()
    assert queries.imports(investigator) == []
    with pytest.raises(AccessDenied):
        queries.imports(matter.as_(matter.somebody("specialist", "Sam")))
