"""STIX 2.1 bundles and MISP events, read or refused."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domains.indicators.documents import AMBER, GREEN_1, RED, attribute, bundle, event, indicator
from tocsin.core.errors import InvalidInput
from tocsin.domains.indicators import reading, stix_pattern
from tocsin.domains.indicators.parsed import Document, Skipped
from tocsin.domains.indicators.stix_pattern import NotUnderstood
from tocsin.domains.indicators.values import KINDS, Unusable, Value, value

IP = "[ipv4-addr:value = '198.51.100.7']"


def read_one(**more: Any) -> Any:
    [one] = reading.read(bundle(indicator(1, more.pop("pattern", IP), **more))).indicators
    return one


def test_an_indicator_is_read_with_all_that_is_said_of_it() -> None:
    one = read_one(
        confidence=80,
        valid_until="2026-12-31T00:00:00+01:00",
        labels=["courier"],
        object_marking_refs=[AMBER],
    )
    assert one.standard_id == "indicator--8e2e2d2b-17d4-4cbf-938f-000000000001"
    assert one.values == (Value("ipv4", "198.51.100.7"),)
    assert (one.name, one.tlp, one.confidence) == ("Indicator 1", "amber", 80)
    assert one.labels == ("malicious-activity", "courier")
    assert one.valid_from == dt.datetime(2026, 10, 1, 8, tzinfo=dt.UTC)
    assert one.valid_until == dt.datetime(2026, 12, 30, 23, tzinfo=dt.UTC)
    assert one.modified == dt.datetime(2026, 10, 1, 8, tzinfo=dt.UTC)
    assert not one.revoked


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("[ipv4-addr:value = '198.51.100.0/24']", [("network", "198.51.100.0/24")]),
        ("[ipv4-addr:value ISSUBSET '198.51.100.7/25']", [("network", "198.51.100.0/25")]),
        ("[ipv6-addr:value = '2001:DB8::1']", [("ipv6", "2001:db8::1")]),
        ("[domain-name:value = 'Pay.Example.COM']", [("domain", "pay.example.com")]),
        ("[url:value = 'HTTPS://Pay.Example.com/Login']", [("url", "https://pay.example.com/Login")]),
        ("[email-message:sender_ref.value = 'A@Example.com']", [("email", "a@example.com")]),
        ("[phone-number:value = '+1 (415) 555-0142']", [("phone", "+14155550142")]),
        (
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' "
            "= 'bot\\\\1 \\'x\\'']",
            [("user_agent", "bot\\1 'x'")],
        ),
        (
            "[(ipv4-addr:value = '192.0.2.1' OR domain-name:value IN ('a.example.com', 'b.example.com'))] "
            "OR [x-tocsin-device:value = 'd-1']",
            [
                ("ipv4", "192.0.2.1"), ("domain", "a.example.com"), ("domain", "b.example.com"),
                ("device", "d-1"),
            ],
        ),
    ],
)  # fmt: skip
def test_patterns_that_name_values(pattern: str, values: list[tuple[str, str]]) -> None:
    assert list(stix_pattern.values_of(pattern)) == [Value(*one) for one in values]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("[ipv4-addr:value = '192.0.2.1' AND url:value = 'https://a.example.com/']", "things together"),
        ("[ipv4-addr:value = '192.0.2.1'] AND [ipv4-addr:value = '192.0.2.2']", "several things together"),
        ("[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.2']", "FOLLOWEDBY"),
        ("[ipv4-addr:value = '192.0.2.1'] REPEATS 5 TIMES", "REPEATS"),
        ("[ipv4-addr:value = '192.0.2.1'] WITHIN 5 SECONDS", "WITHIN"),
        ("[ipv4-addr:value != '192.0.2.1']", "the opposite"),
        ("[ipv4-addr:value NOT IN ('192.0.2.1')]", "the opposite"),
        ("[url:value LIKE 'https://%']", "LIKE"),
        ("[url:value MATCHES '^(a+)+$']", "MATCHES"),
        ("[EXISTS url:value]", "EXISTS"),
        ("[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']", "compared with file:hashes.MD5"),
        ("[ipv4-addr:value = 7]", "no text"),
        ("[ipv4-addr:value = '10.0.0.0/7']", "as wide as /7"),
        ("[payment-card:card_number = '4242424242424242']", "full card number"),
        ("[ipv4-addr:value = '192.0.2.1'", "line 1, column 30"),
        (f"[{'(' * 4000}ipv4-addr:value = '192.0.2.1'{')' * 4000}]", "nested too deeply"),
        (f"[url:value = '{'a' * 10_000}']", "at most 10,000 characters"),
    ],
)  # fmt: skip
def test_patterns_that_say_more_are_not_read_in_part(pattern: str, said: str) -> None:
    with pytest.raises(NotUnderstood, match=said.replace("(", r"\(")):
        stix_pattern.values_of(pattern)


def test_what_is_not_understood_is_said_with_its_path_and_the_rest_is_read() -> None:
    read = reading.read(
        bundle(
            indicator(1, "[ipv4-addr:value = '192.0.2.1'] REPEATS 5 TIMES"),
            indicator(2, "rule x { condition: true }", pattern_type="yara"),
            indicator(3, IP),
            {"type": "relationship", "id": "relationship--1", "relationship_type": "indicates"},
        )
    )
    assert [one.standard_id[-1] for one in read.indicators] == ["3"]
    assert read.skipped == [
        Skipped("objects[1].pattern", "it asks for a number of times (REPEATS)"),
        Skipped("objects[2].pattern", "its pattern is written in yara, and only STIX patterns are read"),
    ]
    assert dict(read.ignored) == {"identity": 1, "relationship": 1}


def test_the_strictest_marking_counts_also_one_of_a_part() -> None:
    own = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--0d1e8e6c-3b4e-4d2e-8f14-111111111111",
        "created": "2026-01-01T00:00:00Z",
        "extensions": {
            "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
                "extension_type": "property-extension",
                "tlp_2_0": "amber+strict",
            }
        },
    }
    part = [{"marking_ref": RED, "selectors": ["pattern"]}]
    read = reading.read(
        bundle(
            own,
            indicator(1, IP, object_marking_refs=[GREEN_1]),
            indicator(2, IP, object_marking_refs=[GREEN_1, own["id"]]),
            indicator(3, IP, object_marking_refs=[GREEN_1], granular_markings=part),
            indicator(4, IP),
        )
    )
    assert [one.tlp for one in read.indicators] == ["green", "amber+strict", "red", "unmarked"]
    assert read.tlp == "red"


def test_what_was_revoked_is_taken_back_whatever_its_pattern_says() -> None:
    one = read_one(pattern="[EXISTS url:value]", revoked=True)
    assert (one.revoked, one.values) == (True, ())


def test_a_misp_event_with_objects() -> None:
    thing = {
        "name": "phishing",
        "Attribute": [attribute(3, "url", "https://pay.example.com/x", Tag=[{"name": "tlp:red"}])],
    }
    gone = {"name": "person", "deleted": True, "Attribute": [attribute(4, "phone-number", "+14155550142")]}
    read = reading.read(
        event(
            attribute(1, "ip-dst|port", "198.51.100.7|443", first_seen="2026-09-30T00:00:00+00:00"),
            attribute(2, "domain|ip", "pay.example.com|2001:db8::1"),
            attribute(5, "email-src", "a@example.com", deleted=True),
            attribute(6, "ip-src", "198.51.100.8", to_ids=False),
            attribute(7, "md5", "d41d8cd98f00b204e9800998ecf8427e"),
            attribute(8, "cc-number", "4242 4242 4242 4242"),
            Object=[thing, gone],
            Tag=[{"name": "tlp:amber"}, {"name": 'misp:confidence-level="usually-confident"'}],
        )
    )
    assert [(one.standard_id[-1], one.values, one.tlp, one.revoked) for one in read.indicators] == [
        ("1", (Value("ipv4", "198.51.100.7"),), "amber", False),
        ("2", (Value("domain", "pay.example.com"), Value("ipv6", "2001:db8::1")), "amber", False),
        ("5", (Value("email", "a@example.com"),), "amber", True),
        ("3", (Value("url", "https://pay.example.com/x"),), "red", False),
        ("4", (Value("phone", "+14155550142"),), "amber", True),
    ]
    first = read.indicators[0]
    assert (first.name, first.confidence) == ("Courier phishing", 75)
    assert first.modified == dt.datetime(2026, 10, 1, 8, tzinfo=dt.UTC)
    assert first.valid_from == dt.datetime(2026, 9, 30, tzinfo=dt.UTC)
    assert read.indicators[3].name == "Courier phishing (phishing)"
    assert read.skipped == [
        Skipped("Event.Attribute[5].value", "this is a full card number, which is never taken in")
    ]
    assert dict(read.ignored) == {
        "attributes that are context (to_ids is false)": 1,
        "attributes of type md5": 1,
    }
    assert (read.standard, read.tlp) == ("MISP", "red")


def test_an_answer_with_several_events() -> None:
    held = [json.loads(event(attribute(number, "ip-src", "192.0.2.1"))) for number in (1, 2)]
    read = reading.read(json.dumps({"response": held}).encode())
    assert [one.standard_id[-1] for one in read.indicators] == ["1", "2"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "This is no JSON"),
        (b"\xff", "This is no JSON"),
        (b"[]", "neither a STIX 2.1 bundle nor a MISP event"),
        (b"{}", "neither a STIX 2.1 bundle nor a MISP event"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "nested deeper than 24 levels"),
        (b" " * (4 * 1024 * 1024 + 1), "larger than 4 MB"),
        (b'{"type": "bundle", "objects": [1]}', "objects[0]: an object is expected"),
        (b'{"type": "bundle", "objects": {}}', "bundle.objects: a list is expected"),
        (bundle(indicator(1, IP, spec_version="2.0")), "objects[1].spec_version: STIX 2.1 is read"),
        (bundle(indicator(1, IP, id="indicator--1")), "objects[1].id"),
        (bundle(indicator(1, IP, modified="yesterday")), "objects[1].modified: a time like"),
        (bundle(indicator(1, IP, valid_until="2026-10-01T08:00:00")), "objects[1].valid_until: a time like"),
        (bundle(indicator(1, IP, confidence=101)), "objects[1].confidence: a whole number from 0 to 100"),
        (bundle(indicator(1, IP, revoked="yes")), "objects[1].revoked: true or false"),
        (bundle(indicator(1, "")), "objects[1].pattern: a text is expected"),
        (b'{"Event": []}', "Event: an object is expected"),
        (event(attribute(1, "ip-src", "192.0.2.1", uuid="1")), "Event.Attribute[0].uuid: a UUID"),
        (event(attribute(1, "ip-src", "192.0.2.1", timestamp="now")), "Attribute[0].timestamp: seconds"),
        (event(attribute(1, "ip-src", "192.0.2.1", Tag=["tlp:red"])), "Event.Attribute[0].Tag[0]: an object"),
    ],
)  # fmt: skip
def test_a_bad_document_is_refused_with_the_place(content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        reading.read(content)
    assert said in refused.value.fields["document"]
    assert refused.value.saved == "Nothing of it was imported."


def test_more_indicators_than_a_document_may_hold_are_refused() -> None:
    many = event(*(attribute(number, "ip-src", "192.0.2.1") for number in range(5001)))
    with pytest.raises(InvalidInput, match="at most 5,000 indicators"):
        reading.read(many)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_KEYS = [
    "type", "id", "objects", "spec_version", "pattern", "pattern_type", "modified", "valid_from",
    "valid_until", "confidence", "labels", "indicator_types", "object_marking_refs", "granular_markings",
    "revoked", "name", "extensions", "definition", "uuid", "value", "to_ids", "deleted", "timestamp", "Tag",
    "Attribute", "Object", "first_seen", "info",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(_KEYS), _json))
def test_any_object_is_read_or_refused(odd: dict[str, Any]) -> None:
    for content in (
        bundle({**indicator(1, IP), **odd}),
        bundle({"type": "marking-definition", **odd}),
        event({**attribute(1, "ip-src", "192.0.2.1"), **odd}),
        event(**odd),
        json.dumps(odd).encode(),
    ):
        with suppress(InvalidInput):
            assert isinstance(reading.read(content), Document)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        reading.read(content)


@given(st.text() | st.text("[]()'=:-. ANDORLIKEipv4-addr:value1", max_size=80))
def test_any_pattern_is_understood_or_not(pattern: str) -> None:
    with suppress(NotUnderstood):
        assert stix_pattern.values_of(pattern)


@given(st.sampled_from(KINDS), st.text())
def test_a_value_in_its_normal_spelling_stays_as_it_is(kind: str, text: str) -> None:
    try:
        once = value(kind, text)
    except Unusable:
        return
    assert value(once.kind, once.text) == once
