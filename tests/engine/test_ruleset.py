"""Mistakes in rule files: all in one go, with file, key, what was expected and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.builders import rule, rules
from tocsin.engine.ruleset import RuleSetError, load, load_folder

FEATURE = """
[feature.orders]
kind = "count"
of = ["order.placed"]
per = ["customer"]
window = "1h"
"""
GOOD = FEATURE + rule('{ feature = "orders", at_least = 3 }')


def complaints(text: str) -> list[str]:
    with pytest.raises(RuleSetError) as caught:
        load({"a.toml": text})
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("find", "put", "complaint"),
    [
        ('window = "1h"', 'windw = "1h"',
         'a.toml: feature.orders: There is no setting "windw". Did you mean "window"?'),
        ('window = "1h"', 'window = "2h"',
         'a.toml: feature.orders > window: There is no "2h" here. Did you mean "24h"? Expected one of: '
         '5m, 1h, 24h, 7d, 30d.'),
        ('kind = "count"', 'kind = "cuont"',
         'a.toml: feature.orders > kind: There is no "cuont" here. Did you mean "count"? Expected one of: '
         'count, sum, distinct, others, since, age, speed, distance, ratio.'),
        ('of = ["order.placed"]\nper', 'of = ["order.plcd"]\nper',
         'a.toml: feature.orders: There is no event type "order.plcd". Did you mean "order.placed"?'),
        ('per = ["customer"]', 'per = ["costumer"]',
         'a.toml: feature.orders: "per": there is no entity kind "costumer". Did you mean "customer"? '
         'A field is written "field:NAME".'),
        ('per = ["customer"]', 'per = []',
         'a.toml: feature.orders: "per" needs at least one entity kind: whose number is it?'),
        ('feature = "orders"', 'feature = "order"',
         'a.toml: rule 1 (r1) > when 1: There is no feature "order". Did you mean "orders"?'),
        ('at_least = 3', 'at_lest = 3',
         'a.toml: rule 1 (r1) > when[0]: There is no setting "at_lest". Did you mean "at_least"?'),
        (', at_least = 3', '',
         'a.toml: rule 1 (r1) > when 1: A test asks exactly one question; this one asks 0.'),
        ('at_least = 3', 'at_least = 3, at_most = 5',
         'a.toml: rule 1 (r1) > when 1: A test asks exactly one question; this one asks 2.'),
        ('at_least = 3', 'at_least = { times = 2 }',
         'a.toml: rule 1 (r1) > when 1: "at_least" needs a number, or { times = 3, feature = "…" } '
         '(or field = "…").'),
        ('at_least = 3', 'at_least = { times = 2, featur = "orders" }',
         'a.toml: rule 1 (r1) > when[0].at_least: There is no setting "featur". Did you mean "feature"?'),
        ('{ feature = "orders", at_least = 3 }', '{ feature = "orders", field = "x", at_least = 3 }',
         'a.toml: rule 1 (r1) > when 1: A test has exactly one of feature, field, entity or any.'),
        ('{ feature = "orders", at_least = 3 }', '{ entity = "device", in_list = "bad" }',
         'a.toml: rule 1 (r1) > when 1: There is no list "bad".'),
        ('{ feature = "orders", at_least = 3 }', '{ entity = "device", at_least = 3 }',
         'a.toml: rule 1 (r1) > when 1: An entity is an id; it cannot be compared with a number.'),
        ('verdict = "review"', 'verdict = "revue"',
         'a.toml: rule 1 (r1) > verdict: There is no "revue" here. Did you mean "review"? Expected one of: '
         'watch, step_up, review, block.'),
        ('code = "V1"', 'code = "V11"',
         'a.toml: rule 1 (r1): There is no reason code "V11". Did you mean "V1"?'),
        ('clause = "FRD-C.test"', 'clause = "1 2"',
         'a.toml: rule 1 (r1): "clause" is the violation code of a policy clause, such as '
         '"FRD-C.stolen_payment".'),
        ('en = "Because."', 'en = "More than {orderz}."',
         'a.toml: rule 1 (r1): reason.en uses {orderz}, which no test looks at. Did you mean "orders"?'),
        ('en = "Because."', 'es = "Porque."',
         'a.toml: rule 1 (r1): "reason" needs an English sentence: reason = { en = "…" }.'),
        ('severity = "S3"', 'severity = "S9"',
         'a.toml: rule 1 (r1) > severity: There is no "S9" here. Expected one of: S0, S1, S2, S3, S4.'),
        ('id = "r1"', 'id = "R 1"',
         'a.toml: rule 1 (R 1): A name has small letters, digits and _, and begins with a letter.'),
        ('when = [{ feature = "orders", at_least = 3 }]', 'when = []',
         'a.toml: rule 1 (r1): "when" needs at least one test.'),
        ('[feature.orders]', '[featre.orders]',
         'a.toml: There is no setting "featre". Did you mean "feature"?'),
        ('[[rule]]', '[[rule]', "a.toml: This is not TOML: Expected ']]' at the end of an array declaration "
         '(at line 8, column 7).'),
    ],
)  # fmt: skip
def test_one_mistake(find: str, put: str, complaint: str) -> None:
    assert find in GOOD
    assert complaint in complaints(GOOD.replace(find, put))


def test_every_mistake_is_told_at_once() -> None:
    text = GOOD.replace('window = "1h"', 'windw = "1h"').replace('code = "V1"', 'code = "X9"')
    assert complaints(text) == [
        'a.toml: feature.orders: There is no setting "windw". Did you mean "window"?',
        'a.toml: rule 1 (r1): There is no reason code "X9".',
    ]


def test_names_are_unique_across_files() -> None:
    with pytest.raises(RuleSetError) as caught:
        load({"a.toml": GOOD, "b.toml": FEATURE})
    [problem] = caught.value.problems
    assert (
        str(problem) == "b.toml: feature.orders: This feature is already defined in a.toml; names are unique."
    )


def test_features_cannot_go_round_in_a_circle() -> None:
    half = '[feature.{}]\nkind = "ratio"\ntop = "{}"\nbottom = "{}"\n'
    circle = half.format("a", "b", "b") + half.format("b", "a", "a")
    assert complaints(circle) == [
        "a.toml: feature.a: This feature needs itself, directly or through others.",
        "a.toml: feature.b: This feature needs itself, directly or through others.",
    ]


def test_a_feature_uses_only_features_of_its_own_key() -> None:
    text = FEATURE + (
        '[feature.b]\nkind = "count"\nof = ["order.placed"]\nper = ["device"]\nwindow = "1h"\n'
        'where = [{ feature = "orders", at_least = 1 }]\n'
    )
    assert complaints(text) == [
        'a.toml: feature.b: "orders" belongs to customer; a feature may only use features of its own key.'
    ]


LINK = """
[feature.others]
kind = "others"
values = "customer"
of = ["order.placed"]
per = ["device"]
window = "30d"
"""
LOCK = 'actions = [{ type = "lock_account", target = ["customer"] }]'


@pytest.mark.parametrize(("verdict", "more"), [("block", ""), ("step_up", ""), ("review", LOCK)])
def test_a_link_alone_never_restricts_an_account(verdict: str, more: str) -> None:
    when = '{ any = [{ feature = "others", at_least = 3 }, { feature = "others", at_least = 9 }] }'
    [complaint] = complaints(LINK + rule(when, verdict=verdict, more=more))
    assert "A link is a lead" in complaint


def test_a_link_may_ask_for_a_review_or_support_what_somebody_did() -> None:
    rules(LINK, rule('{ feature = "others", at_least = 3 }', verdict="review"))
    both = '{ feature = "others", at_least = 3 }, { field = "total_minor", at_least = 90000 }'
    rules(LINK, rule(both, verdict="block", more=LOCK))


def test_the_version_is_about_meaning_not_layout() -> None:
    version = load({"a.toml": GOOD}).version
    assert load({"other.toml": "# a comment\n" + GOOD}).version == version
    assert load({"a.toml": GOOD.replace("at_least = 3", "at_least = 4")}).version != version
    assert load({"a.toml": GOOD.replace('window = "1h"', 'window = "24h"')}).version != version
    since = GOOD.replace('kind = "count"', 'kind = "since"')
    assert load({"a.toml": since}).version != load({"a.toml": since.replace("since", "age")}).version


def test_an_empty_or_unreadable_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleSetError, match="no rule file"):
        load_folder(tmp_path)
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RuleSetError, match="could not be read"):
        load_folder(tmp_path)


def test_test_files_are_not_rules(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "a.tests.toml").write_text("this is not a rule file")
    assert list(load_folder(tmp_path).rules) == ["r1"]
