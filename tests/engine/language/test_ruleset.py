"""What a set of files is once it is read: typed, complete, with a version that is about meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.builders import rule, rules
from tocsin.engine.language.nodes import Action, AllOf, AnyOf, Compare, Constant, Entry, Get
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.ruleset import load, load_folder

FEATURE = 'orders = count("order.placed", per=customer, within="1h")\n'
GOOD = FEATURE + rule("orders >= 3")
LINK = 'other_customers = others(customer, of="order.placed", per=device, within="30d")\n'
LOCK = "actions = [lock_account(customer)]"


def test_a_rule_says_all_that_its_file_says() -> None:
    text = FEATURE + rule(
        "3 <= orders < 9 and sender in ('shopper', 'customer')",
        reason="{orders} orders",
        more="""actions = [hold_order(order, card), watch(sender)]
    fail = "closed"
    jurisdictions = ["US", "EU"]""",
    )
    one = load({"a.rules": f'defaults(owner="fraud", purpose="safety")\n{text}'}).rules["r1"]
    orders, sender = Get("feature", "orders", "int"), Get("field", "sender", "text")
    assert one.when == AllOf(
        (
            AllOf((Compare(">=", orders, Constant(3, "int")), Compare("<", orders, Constant(9, "int")))),
            AnyOf(tuple(Compare("==", sender, Constant(who, "text")) for who in ("shopper", "customer"))),
        )
    )
    assert one.actions == (Action("hold_order", ("order", "card")), Action("watch", ("sender",)))
    assert (one.title, one.on, one.reason) == ("A test rule", ("order.placed",), {"en": "{orders} orders"})
    assert (one.fail, one.owner, one.purpose, one.jurisdictions) == (
        "closed",
        "fraud",
        "safety",
        ("US", "EU"),
    )


def test_a_rules_own_setting_goes_before_the_defaults_and_the_place_of_defaults_does_not_matter() -> None:
    text = rule("known(card)", more='owner = "safety"') + rule("known(card)", "r2")
    made = load({"a.rules": f'{text}\ndefaults(owner="fraud")\n'}).rules
    assert (made["r1"].owner, made["r2"].owner) == ("safety", "fraud")


def test_order_does_not_matter_to_rules() -> None:
    assert (
        rules(rule("large"), "large = orders > 5", FEATURE).version
        == rules(FEATURE, "large = orders > 5", rule("large")).version
    )


def test_lists_keep_why_and_until_when() -> None:
    made = rules('bad = values("a", entry("b", source="case 7", reason="stolen", until="2027-01-31"))')
    assert made.lists["bad"].entries == (Entry("a"), Entry("b", "case 7", "stolen", "2027-01-31"))


@pytest.mark.parametrize(("verdict", "more"), [("block", ""), ("step_up", ""), ("review", LOCK)])
@pytest.mark.parametrize(
    "when",
    [
        "other_customers >= 3 or other_customers >= 9",
        "not other_customers < 3 and removed >= 1",
        "share > 50 and 2 <= other_customers <= 9",
        "known(linked)",
    ],
)
def test_a_link_alone_never_restricts_an_account(verdict: str, more: str, when: str) -> None:
    links = LINK + "linked = linked_accounts()\nremoved = removed_nearby()\nshare = ratio(removed, linked)\n"
    # wherever the features stand: in a file that is read earlier, or later
    for where in ("a.rules", "z.rules"):
        with pytest.raises(RuleError) as caught:
            load({where: links, "m.rules": rule(when, verdict=verdict, more=more)})
        [problem] = caught.value.problems
        assert problem.message.startswith("Every test of this rule is about a link between accounts.")


def test_a_link_may_ask_for_a_review_or_support_what_somebody_did() -> None:
    rules(LINK, rule("other_customers >= 3", verdict="review"))
    rules(LINK, rule("other_customers >= 3 and total_minor >= 90000", verdict="block", more=LOCK))
    pairs = LINK.replace("per=device", "per=[device, shopper]")
    rules(pairs, rule("other_customers >= 3", verdict="block", more=LOCK))


def test_the_version_is_about_meaning_not_layout() -> None:
    version = load({"a.rules": GOOD}).version
    assert load({"other.rules": "# a comment\n" + GOOD}).version == version
    assert load({"a.rules": GOOD + '    note = "Why."\n'}).version == version
    assert load({"a.rules": GOOD.replace("\n", "\r\n")}).version == version
    assert load({"a.rules": "\ufeff" + GOOD}).version == version
    assert load({"a.rules": FEATURE, "b.rules": rule("orders >= 3")}).version == version
    for find, put in [
        ("orders >= 3", "orders >= 4"),
        ("orders >= 3", "orders > 3"),
        ('"1h"', '"24h"'),
        ("count(", "since("),
        ("per=customer", "per=card"),
        ('"Because."', '"So."'),
    ]:
        assert load({"a.rules": GOOD.replace(find, put)}).version != version, put


def test_an_empty_or_unreadable_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no rule file"):
        load_folder(tmp_path)
    (tmp_path / "a.rules").write_bytes(b"\xff\xfe")
    with pytest.raises(RuleError, match="could not be read"):
        load_folder(tmp_path)
    with pytest.raises(RuleError, match="could not be read"):
        load_folder(tmp_path / "nowhere")


def test_a_giant_file_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "a.rules").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(RuleError, match="too large: at most 256 kB"):
        load_folder(tmp_path)


def test_only_rule_files_and_the_schema_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.rules").write_text(rule("weight_g > 5", on='"custom.weighed"'))
    (tmp_path / "a.tests.toml").write_text("this is not a rule file")
    (tmp_path / "README.md").write_text("nor is this")
    (tmp_path / "schema.toml").write_text(
        '[fields]\nweight_g = { type = "int", says = "Grams" }\n'
        '[events]\n"custom.weighed" = { fields = ["weight_g"] }\n'
    )
    made = load_folder(tmp_path)
    assert list(made.rules) == ["r1"]
    assert made.schema.fields["weight_g"].type == "int"
    assert set(made.sources) == {"a.rules", "schema.toml"}
