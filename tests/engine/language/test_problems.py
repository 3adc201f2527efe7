"""Mistakes in rule files: all in one go, with line, column, what was expected and the nearest name."""

from __future__ import annotations

import pytest

from tests.engine.builders import rule
from tocsin.engine.language.problems import MAX_PROBLEMS, Problem, RuleError, Spot
from tocsin.engine.language.ruleset import load

FEATURE = 'orders = count("order.placed", per=customer, within="1h")\n'
BAD_LISTS = 'bad = values("d1", "d2")\nrude = phrases("go away")\n'
GOOD = FEATURE + BAD_LISTS + rule("orders >= 3")


def problems(*texts: str) -> list[Problem]:
    """What is wrong with these files, a.rules, b.rules, …"""
    with pytest.raises(RuleError) as caught:
        load({f"{chr(97 + number)}.rules": text for number, text in enumerate(texts)})
    return caught.value.problems


def when(expression: str) -> str:
    return GOOD.replace("orders >= 3", expression)


def feature(declaration: str) -> str:
    return f"{GOOD}\nmine = {declaration}\n"


WINDOWS = "5m, 1h, 24h, 7d, 30d, 60d, 90d"
SENTENCES = '"reason" is a sentence, or one for each language: {"en": "…", "es": "…"}.'
ANY_ACTION = (
    "Expected one of: watch, step_up, verify_pin, verify_photo, verify_receipt, verify_age, hold_order, "
    "block_transaction, lock_account, with who is meant in brackets."
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # features
        (GOOD.replace("within=", "withn="), '"withn" is no setting of count(). Did you mean "within"?'),
        (GOOD.replace('"1h"', '"2h"'), f'There is no window "2h". Expected one of: {WINDOWS}.'),
        (GOOD.replace("count(", "cuont("), 'There is no "cuont()". Did you mean "count"?'),
        (GOOD.replace('count("order.placed"', 'count("order.plcd"'),
         'There is no event type "order.plcd". Did you mean "order.placed"? Your own begin with "custom.".'),
        (GOOD.replace("per=customer", "per=costumer"), 'There is no "costumer". Did you mean "customer"?'),
        (GOOD.replace("per=customer, ", ""),
         '"per" is missing: whose number is it? For example per=card, or per=[customer, shopper].'),
        (feature('count("order.placed", per=[customer, lat], within="1h")'),
         "Numbers with a point are never quite alike; name a text, id or whole number."),
        (feature('count("order.placed", per=orders, within="1h")'),
         "per: expected the name of a field or of an entity kind."),
        (feature('count("order.placed", "x", per=customer, within="1h")'),
         "count() has 1 places before the named settings: of."),
        (feature('count("order.placed", per=customer, within="1h", where=total_minor)'),
         "Expected something that is true or false; this is a whole number."),
        (feature('count(5, per=customer, within="1h")'), '"of" is a text in quotes, or a list of such.'),
        (feature('count(per=customer, within="1h")'), '"of" is missing.'),
        (feature('count("order.placed", per=customer)'), '"within" is missing.'),
        (feature('sum(lat, of="order.placed", per=customer, within="1h")'),
         "sum() needs a whole-number field. Sums of numbers with a point would drift."),
        (feature('sum(of="order.placed", per=customer, within="1h")'),
         "sum() begins with the name of a field: what is looked at?"),
        (feature('others(lat, of="order.placed", per=customer, within="1h")'),
         "Numbers with a point are never quite alike; name a text, id or whole number."),
        (feature("ratio(ordrs, orders)"), '"top" is the name of a feature. Did you mean "orders"?'),
        (feature("ratio(orders, orders, scale=0)"), '"scale" is a whole number from 1 to 1000000.'),
        (feature("ratio(orders, orders, prior=(1, -1))"),
         '"prior" is two whole numbers from 0 to 1000000000: (top, bottom).'),
        (feature("pace(orders, orders, scale=5)"), '"scale" is no setting of pace(). Did you mean "usual"?'),
        (feature("pace(orders, orders)"),
         "pace(recent, usual): the first window must be shorter than the second."),
        (feature('labelled(total_minor, "x")'), "Labels are borne by entities: customer, shopper, device, …"),
        (feature('labelled(customer, "")'), '"" is no name: small letters, digits and _, a letter first.'),
        (feature('listed(total_minor, "x")'), "Lists hold texts and ids."),
        # expressions
        (when("order >= 3"), "The id of an entity cannot be compared with a whole number."),
        (when("ordres >= 3"), 'There is no "ordres". Did you mean "orders"?'),
        (when("orders"), "Expected something that is true or false; this is a whole number."),
        (when('orders >= "3"'), "A whole number cannot be compared with a text."),
        (when('decline_code > "3"'), '">" is for numbers; this is a text. Use == or !=.'),
        (when("rush == True"), 'Write the test itself, or "not" before it.'),
        (when("3 > 2"), "Both sides are written down: this never changes."),
        (when("orders + sender > 2"), '"+" is for numbers; this is a text.'),
        (when("orders in ()"), "The list is empty."),
        (when('device in ["a", 5]'), "The id of an entity cannot be compared with a whole number."),
        (when("device in bda"), 'Expected the name of a list. Did you mean "bad"?'),
        (when("orders in bad"), "A list holds texts and ids; this is a whole number."),
        (when('"d1" in bad'), "This is written down: whether it is in the list never changes."),
        (when("text in rude"), '"rude" holds phrases; write says(text, rude).'),
        (when("says(text, bad)"), '"bad" holds no phrases; write "x in bad".'),
        (when("says(customer, rude)"), "Expected a text field."),
        (when("device in bad in bad"), '"in" stands alone: join the two tests with "and".'),
        (when("bad"), '"bad" is a list; write "x in bad" or "says(text, bad)".'),
        (when("known(orders + 1)"), "known() asks about one field, entity or feature."),
        (when("known(card, device)"), "Expected known(x): the value is there."),
        (when("knwon(card)"), 'There is no function "knwon" here. Did you mean "known"?'),
        (when("metres_between(lat, lon, sender, 1) > 5"), "Latitudes and longitudes are numbers."),
        (when("None"), "Expected a value or a test."),
        (when("total_minor > 9007199254740993"), "This number is too large to be exact (2^53)."),
        # rules
        (GOOD.replace('verdict = "review"', 'verdict = "revue"'),
         '"verdict" cannot be "revue". Did you mean "review"? '
         'Expected one of: watch, step_up, review, block.'),
        (GOOD.replace("severity =", "severty ="),
         'A rule has no setting "severty". Did you mean "severity"?'),
        (GOOD.replace('    severity = "S3"\n', ""), '"severity" is missing.'),
        (GOOD.replace('clause = "FRD-C.test"', 'clause = "1 2"'),
         '"clause" is the violation code of a policy clause, such as "FRD-C.stolen_payment".'),
        (GOOD.replace('"Because."', '"More than {orderz}."'),
         'reason "en" uses {orderz}, which the rule does not look at. Did you mean "orders"?'),
        (GOOD.replace('"Because."', '{"es": "Porque."}'), SENTENCES),
        (GOOD.replace('"Because."', '{"en": 5}'), SENTENCES),
        (GOOD.replace('"Because."', '{"en": "A.", "english": "A."}'), SENTENCES),
        (GOOD.replace('"Because."', '{"en": "A.", "en": "B."}'), SENTENCES),
        (GOOD.replace('"Because."', '""'), SENTENCES),
        (GOOD.replace("class r1(Rule)", "class R1(Rule)"),
         "A rule's name has small letters, digits and _, and begins with a letter."),
        (GOOD.replace("class r1(Rule)", "class r1"), "Write: class r1(Rule):"),
        (GOOD.replace("class r1(Rule)", "class r1(Rule, 5)"), "Write: class r1(Rule):"),
        (GOOD.replace('    "A test rule"\n', ""), "A rule begins with its title: a sentence in quotes."),
        (GOOD + '    actions = [watch(custmer)]\n',
         'There is no entity kind "custmer". Did you mean "customer"?'),
        (GOOD + "    actions = [verify_pin(customer)]\n",
         "Only an order is verified. Write: verify_pin(order)."),
        (GOOD + "    actions = [verify_age(order, sender)]\n",
         "Only an order is verified. Write: verify_age(order)."),
        (GOOD + "    actions = [wacht(customer)]\n",
         f'This is no action. Did you mean "watch"? {ANY_ACTION}'),
        (GOOD + "    actions = [watch()]\n", f'This is no action. Did you mean "watch"? {ANY_ACTION}'),
        (GOOD + '    jurisdictions = ["U S"]\n', '"U S" is no region; write for example "US" or "US-CA".'),
        (GOOD + '    verdict = "block"\n', '"verdict" is given twice.'),
        (GOOD + "    rush\n", "Expected a setting: name = value."),
        (GOOD + 'defaults(owner="a")\ndefaults(owner="b")\n', "defaults(…) is given twice."),
        (GOOD + 'defaults(ownr="a")\n', '"ownr" is no setting of defaults(). Did you mean "owner"?'),
        # lists
        (GOOD + "more = values(5)\n",
         'Expected a text in quotes, or entry("…", source="…", reason="…", until="2027-01-31").'),
        (GOOD + 'more = networks("300.1.1.1")\n', '"300.1.1.1" is no network; write it as 198.51.100.0/24.'),
        (GOOD + 'more = values(entry("a", until="20270131"))\n',
         '"20270131" is no day; write it as 2027-01-31.'),
        (GOOD + 'more = phrases("…")\n', 'The phrase "…" has no word in it.'),
        (GOOD + 'more = domains("@.")\n', "This is no domain; write it as example.org."),
        (GOOD + 'more = values("a", colour="b")\n',
         '"colour" is no setting of a list; there is only note="…".'),
        # names and lines
        (GOOD + FEATURE, '"orders" has its meaning already; names are unique across all files.'),
        (GOOD + "region = orders > 1\n", '"region" means something else already.'),
        (GOOD + "values = orders > 1\n", '"values" means something else already.'),
        (GOOD + "Large = orders > 1\n", "A name has small letters, digits and _, and begins with a letter."),
        (GOOD + rule("orders >= 1"), 'There is a rule "r1" already; names are unique across all files.'),
        (GOOD + "orders > 1\n", "This line does nothing. Give it a name: name = …"),
        (GOOD + "a = b = orders > 1\n", "Expected: name = …, or class name(Rule):"),
        (GOOD.replace("class r1(Rule):", "class r1(Rule)"), "This cannot be read: expected ':'."),
    ],
)  # fmt: skip
def test_one_mistake(text: str, message: str) -> None:
    assert message in [problem.message for problem in problems(text)]


def test_a_mistake_is_shown_where_it_stands() -> None:
    [problem] = problems(GOOD.replace("orders >= 3", 'known(card) and ordres >= "3"'))
    assert (problem.spot.line, problem.spot.column) == (9, 28)
    assert str(problem) == (
        'a.rules:9:28: There is no "ordres". Did you mean "orders"?\n'
        '        when = known(card) and ordres >= "3"\n'
        "                               ^^^^^^"
    )


def test_columns_are_counted_in_characters() -> None:
    [problem] = problems('note_list = values("añejo café ☕", clour="x")\n')
    assert problem.spot.column == 36
    assert str(problem).splitlines()[2] == " " * 39 + "^^^^^^^^^"


def test_lines_are_those_an_editor_shows() -> None:
    [problem] = problems('"One\x0cfile\u2028only"\r\n\r\nx = ordrs > 1\r\n')
    assert (problem.spot.line, problem.source) == (3, "x = ordrs > 1")


def test_a_tab_does_not_move_the_caret() -> None:
    text = GOOD.replace("    ", "\t").replace("orders >= 3", "ordres >= 3")
    [problem] = problems(text)
    _, line, carets = str(problem).splitlines()
    assert line == "    \twhen = ordres >= 3"
    assert carets == "    \t       ^^^^^^"


def test_a_long_line_is_shown_around_the_mistake() -> None:
    shown = str(problems(f"x = orders > 1 and {'known(card) and ' * 200}ordrs > 1\n" + FEATURE)[0])
    assert max(map(len, shown.splitlines())) < 200
    assert "ordrs > 1" in shown


def test_what_cannot_be_printed_is_not() -> None:
    shown = str(problems("x = 'a\x1b[31m' == ordrs\n")[0])
    assert "\x1b" not in shown


def test_every_mistake_is_told_at_once_in_order_and_once() -> None:
    text = GOOD.replace('"1h"', '"2h"').replace('code = "V1"', 'code = "X9"')
    found = [(p.spot.file, p.spot.line) for p in problems(text, "x = ordrs > 1\n" + rule("y > 1", "r2"))]
    assert found == [("a.rules", 1), ("a.rules", 12), ("b.rules", 1), ("b.rules", 7)]


def test_a_mistake_in_defaults_is_told_once_not_for_every_rule() -> None:
    text = FEATURE + 'defaults(fail="opn")\n' + rule("orders > 1") + rule("orders > 2", "r2")
    assert [p.message for p in problems(text)] == [
        '"fail" cannot be "opn". Did you mean "open"? Expected one of: open, closed.'
    ]


def test_after_a_hundred_mistakes_it_stops() -> None:
    found = problems("\n".join(f"x{n} = y{n} > 1" for n in range(500)))
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == Problem(Spot("", 1, 1, 1), "There are more mistakes than these 100.")


def test_names_are_unique_across_files() -> None:
    [problem] = problems(GOOD, FEATURE)
    assert (problem.spot.file, problem.message) == (
        "b.rules",
        '"orders" has its meaning already; names are unique across all files.',
    )


def test_what_a_file_defines_for_itself_is_not_known_in_another() -> None:
    text = "huge = orders > 5\n"
    load({"a.rules": FEATURE + text + rule("huge"), "b.rules": text + rule("huge", "r2")})
    [problem] = problems(FEATURE + text, rule("huge"))
    assert problem.message == 'There is no "huge".'


def test_features_cannot_go_round_in_a_circle() -> None:
    circle = FEATURE + "a = ratio(b, orders)\nb = ratio(a, orders)\nc = ratio(b, b)\n"
    assert [(p.spot.line, p.message) for p in problems(circle)] == [
        (line, "This feature needs itself, directly or through others.") for line in (2, 3, 4)
    ]
    [problem] = problems('a = count("order.placed", per=customer, within="1h", where=a > 1)\n')
    assert problem.message == "This feature needs itself, directly or through others."


def test_features_do_not_tower() -> None:
    def tower(height: int) -> str:
        return FEATURE + "".join(
            f"f{n} = ratio({f'f{n - 1}' if n else 'orders'}, orders)\n" for n in range(height)
        )

    load({"a.rules": tower(8)})
    [problem, *_] = problems(tower(9))
    assert problem.message == "Features may rest on each other at most 8 deep."
    assert len(problems(tower(1_000))) == MAX_PROBLEMS + 1


def test_a_feature_uses_only_features_of_its_own_key() -> None:
    text = FEATURE + 'b = count("order.placed", per=device, within="1h", where=orders >= 1)\n'
    [problem] = problems(text)
    assert problem.message == ('"orders" belongs to customer; "where" may only use features of its own key.')
    load({"a.rules": text.replace("per=device", "per=[customer, device]")})


def test_a_mistake_in_the_schema_names_its_file() -> None:
    with pytest.raises(RuleError) as caught:
        load({"a.rules": GOOD, "schema.toml": '[fields]\nweight = { type = "itn", says = "x" }\n'})
    [problem] = caught.value.problems
    assert problem.spot.file == "schema.toml"
    assert "itn" in problem.message
