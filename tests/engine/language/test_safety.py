"""Whatever is handed in as a rule file, the answer is a rule set that can be planned, or words about what is
wrong."""

from __future__ import annotations

import pytest

from tests.engine.builders import rule
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.ruleset import load
from tocsin.engine.language.syntax import ALLOWED
from tocsin.engine.plan.plan import make_plan

FEATURE = 'orders = count("order.placed", per=customer, within="1h")\n'


def refusal(text: str) -> list[str]:
    """What is said about a file that is refused."""
    with pytest.raises(RuleError) as caught:
        load({"a.rules": text})
    assert all(len(str(problem)) < 1_200 for problem in caught.value.problems)
    return [problem.message for problem in caught.value.problems]


NO_FUNCTIONS = "There are no functions of your own."
NO_LOOPS = "Nothing is gone through in a loop. A list is written out, or has a name."
NO_IMPORTS = "Nothing can be imported. All that rules can use is in the reference."
TWO_CASES = 'Write the two cases as two rules, or join them with "and" and "or".'


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("text.format", "A dot means nothing here. Event types are written in quotes."),
        ("().__class__.__mro__", "A dot means nothing here. Event types are written in quotes."),
        ("__import__('os')", 'There is no name "__import__".'),
        ("__builtins__", 'There is no name "__builtins__".'),
        ("open('/etc/passwd')", 'There is no function "open" here.'),
        ("eval('1')", 'There is no function "eval" here.'),
        ("known(card)()", 'There is no function "" here.'),
        ("(lambda: 1)()", NO_FUNCTIONS),
        ("f'{card}' == text", 'Write the sentence without an "f" before it; the engine fills {name} in.'),
        ("[x for x in (1, 2)]", NO_LOOPS),
        ("{x for x in (1, 2)}", NO_LOOPS),
        ("{x: 1 for x in (1, 2)}", NO_LOOPS),
        ("known(x for x in (1, 2))", NO_LOOPS),
        ("(x := 5) > 3", "A name is given its meaning on a line of its own."),
        ("text[0] == 'a'", "Square brackets after a name mean nothing here."),
        ("text[0:2] == 'a'", "Square brackets after a name mean nothing here."),
        ("sender in {'a', 'b'}", "Write a list with square brackets, or with round ones."),
        ("known(*(card,))", "A star means nothing here."),
        ("known(**{'x': card})", "Expected known(x): the value is there."),
        ("orders if rush else mock", TWO_CASES),
        ("orders is None", 'Write "x == y", or "known(x)" to ask whether something is there.'),
        ("orders ** orders > 1", "There are no powers here."),
        ("orders % 2 == 1", "There is no remainder here."),
        ("orders // 2 == 1", "Write / to divide."),
        ("rush & mock", 'Write "and".'),
        ("rush | mock", 'Write "or".'),
        ("~rush", 'Write "not".'),
        ("orders > +1", "Write the number without a plus sign."),
        ("orders << 9 > 1", "LShift means nothing in a rule."),
        ("orders @ orders", "MatMult means nothing in a rule."),
        ("await rush", "Await means nothing in a rule."),
        ("(yield rush)", "Yield means nothing in a rule."),
        ("text == b'x'", "bytes is no value that rules know."),
        ("orders > 1j", "complex is no value that rules know."),
        ("rush is ...", 'Write "x == y", or "known(x)" to ask whether something is there.'),
        ("orders > ...", "ellipsis is no value that rules know."),
        ("orders > 1e999", "This number is too large to be exact (2^53)."),
        (f"orders > 0x{'f' * 5_000}", "This number is too large to be exact (2^53)."),
        ("text == 'a\\ud800'", "There is something in these quotes that is no text."),
        ("text == 'a\\0'", "There is something in these quotes that is no text."),
    ],
)
def test_nothing_reaches_python(expression: str, message: str) -> None:
    assert message in refusal(FEATURE + rule(expression))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("import os", NO_IMPORTS),
        ("from os import system", NO_IMPORTS),
        ("def f(): pass", f"{NO_FUNCTIONS} A rule is written: class name(Rule):"),
        ("async def f(): pass", f"{NO_FUNCTIONS} A rule is written: class name(Rule):"),
        ("f = lambda: 1", NO_FUNCTIONS),
        ("for x in (1, 2): pass", NO_LOOPS),
        ("while True: pass", NO_LOOPS),
        ("if True: pass", TWO_CASES),
        ("x += 1", "A name is given its meaning once."),
        ("x: int = 1", "Types are worked out; write the name and the equals sign alone."),
        ("@known\nclass r(Rule):\n    'A'", "Write: class r(Rule):"),
        ("class r(Rule, metaclass=known):\n    'A'", "Write: class r(Rule):"),
        ("class r(Rule):\n    class q(Rule):\n        'A'", "Expected a setting: name = value."),
        ("class r(Rule):\n    def f(): pass", f"{NO_FUNCTIONS} A rule is written: class name(Rule):"),
        ("del orders", "Delete means nothing in a rule."),
        ("with open('x'): pass", "With means nothing in a rule."),
        ("try:\n    x = 1\nexcept known: pass", "Try means nothing in a rule."),
        ("match orders:\n    case 1: pass", "Match means nothing in a rule."),
        ("global orders", "Global means nothing in a rule."),
        ("assert rush", "Assert means nothing in a rule."),
        ("raise rush", "Raise means nothing in a rule."),
        ("a, b = rush, mock", "Expected: name = …, or class name(Rule):"),
        ("__name__ = 'x'", 'There is no name "__name__".'),
        ("class __init__(Rule):\n    'A'",
         "A rule's name has small letters, digits and _, and begins with a letter."),
        ("x = y.z", "A dot means nothing here. Event types are written in quotes."),
    ],
)  # fmt: skip
def test_only_declarations_stand_in_a_file(lines: str, message: str) -> None:
    assert message in refusal(f"{FEATURE}{lines}\n")


TOO_DEEP = "This is nested too deeply: at most 24 levels."
BRACKETS = "Brackets are nested too deeply: at most 60."
TOO_MUCH = "The file says too much: at most 20000 parts."


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("(" * 200 + "rush" + ")" * 200, BRACKETS),
        ("[" * 100_000, BRACKETS),
        ("not " * 30 + "rush", TOO_DEEP),
        ("not " * 50_000 + "rush", TOO_DEEP),
        ("-" * 30 + "1 > orders", TOO_DEEP),
        ("-" * 200_000 + "1 > orders", TOO_DEEP),
        ("orders" + " + 1" * 30 + " > 5", TOO_DEEP),
        ("orders" + " + 1" * 60_000 + " > 5", TOO_DEEP),
        ("rush" + " if rush else mock" * 10_000, None),
        ("lambda:" * 30_000 + "1", None),
        ("orders" + ".x" * 100_000, None),
        ("orders" + "[0]" * 60_000, None),
        ("orders" + "()" * 100_000, None),
        ("x" + "**x" * 50_000, None),
        ("rush" + " and rush" * 3_000,
         "With all that its names stand for, this is too long: at most 2000 parts, 48 within each other."),
        ("rush" + " and rush" * 25_000, TOO_MUCH),
        ("orders > " + "9" * 5_000, None),
        ("orders > 1" + "e" * 1_000, None),
        ("device in [" + "'a'," * 15_000 + "]", None),
        ("orders" + " < orders" * 15_000, None),
    ],
)  # fmt: skip
def test_depth_and_length_have_limits(expression: str, message: str | None) -> None:
    said = refusal(FEATURE + rule(expression))
    assert said
    assert message is None or message in said


def test_comparisons_inside_comparisons_are_read_once_each() -> None:
    """Each level names the one below it many times: read again for each, this would never end."""
    for level in ("(rush, rush, {})", "[{}, {}]", "({} < {} < 3)"):
        inside = "orders"
        for _ in range(10):
            inside = (
                f"({inside}) in {level.replace('{}', 'rush')}" if "<" not in level else f"(1 < {inside} < 3)"
            )
        refusal(FEATURE + rule(inside))


def test_names_that_stand_for_names_do_not_explode() -> None:
    doubling = "x0 = rush and mock\n" + "".join(f"x{n} = x{n - 1} and x{n - 1}\n" for n in range(1, 40))
    assert "With all that its names stand for, this is too long" in refusal(doubling)[0]
    chain = "x0 = orders + 1\n" + "".join(f"x{n} = x{n - 1} + 1\n" for n in range(1, 2_000))
    assert "With all that its names stand for, this is too long" in refusal(FEATURE + chain)[0]
    often = "x = " + " and ".join(["rush"] * 1_900) + "\n"
    many = often + "".join(rule("x", f"r{n}") for n in range(60))
    assert "All rules together say too much: at most 100000 parts." in refusal(many)


def test_features_upon_features_do_not_explode() -> None:
    wide = "".join(f'f{n} = count("order.placed", per=customer, within="1h")\n' for n in range(40))
    for level in range(1, 8):
        below = [f"f{n}" if level == 1 else f"g{level - 1}_{n}" for n in range(40)]
        where = " and ".join(f"{name} > 1" for name in below)
        wide += "".join(
            f'g{level}_{n} = count("order.placed", per=customer, within="24h", where={where})\n'
            for n in range(2)
        )
        wide += "".join(f"g{level}_{n} = ratio(f1, f2)\n" for n in range(2, 40))
    make_plan(load({"a.rules": wide}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = rush\0", "There is something here that is no text. Save the file as UTF-8."),
        ("x = '\ud800'", "There is something here that is no text. Save the file as UTF-8."),
        ("# \udcff", "There is something here that is no text. Save the file as UTF-8."),
        ("x = (", "This cannot be read: '(' was never closed."),
        ("x = 'a", "This cannot be read: unterminated string literal (detected at line 1)."),
        ("x = rush\n\ty = rush", "This cannot be read: unexpected indent."),
        ("class a(Rule):\n\tx = 1\n        y = 2",
         "This cannot be read: inconsistent use of tabs and spaces in indentation."),
        ("x = rush \u200b", "This cannot be read: invalid non-printable character U+200B."),
        ("x = \u2260 rush", "This cannot be read: invalid character '≠' (U+2260)."),
        ("#" * 300_000, "The file is too large: at most 256 kB."),
        ("é" * 140_000, "The file is too large: at most 256 kB."),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(text: str, message: str) -> None:
    assert refusal(text) == [message]


def test_line_ends_tabs_and_a_byte_order_mark_are_no_mistake() -> None:
    text = FEATURE + rule("orders > 1")
    for same in (
        text.replace("\n", "\r\n"),
        text.replace("\n", "\r"),
        "\ufeff" + text,
        text.replace("    ", "\t"),
    ):
        assert load({"a.rules": same}).version == load({"a.rules": text}).version


def test_phrases_that_would_make_every_message_slow_are_refused() -> None:
    alike = ", ".join(f'"a w{n}"' for n in range(65))
    assert refusal(f"x = phrases({alike})") == ['65 phrases begin with "a": at most 64 in one list.']
    gaps = "a … b … c … d … e … f"
    assert refusal(f'x = phrases("{gaps}")') == [
        f'The phrase "{gaps}" is too long: at most 16 words and 4 gaps (…).'
    ]


def test_a_set_has_a_limited_number_of_files_and_keys() -> None:
    with pytest.raises(RuleError, match="more than 200 files"):
        load({f"{n}.rules": "" for n in range(201)})
    kinds = ["customer", "shopper", "store", "order", "device", "ip", "card", "address", "payout", "phone"]
    pairs = [(a, b, c) for a in kinds for b in kinds for c in kinds if a < b < c] + [
        (a, b) for a in kinds for b in kinds
    ]
    text = "".join(
        f'f{n} = count("order.placed", per=[{", ".join(pair)}], within="1h")\n'
        for n, pair in enumerate(pairs)
    )
    [problem] = refusal(text)
    assert problem == "There are more than 200 different keys (per=…) in this set."


@pytest.mark.parametrize(
    "schema",
    [
        "a = " + "[" * 50_000,
        "\0",
        "[fields]\nx = 1",
        '[fields]\ntotal_minor = { type = "money", says = "x" }',
        '[fields]\ncustomer = { type = "text", says = "x" }',
        '[fields]\ncount = { type = "int", says = "x" }',
        '[fields]\nprice = { type = "money", says = "x" }',
        '[fields]\n"" = { type = "int", says = "x" }',
        '[entities]\ncourier = { says = "x" }',
        '[events]\n"order.eaten" = { fields = [] }',
        '[events]\n"custom.eaten" = { fields = ["nothing"] }',
        '[events]\n"custom.eaten" = { fields = [], role = "king" }',
        "# " + "x" * 300_000,
    ],
)
def test_a_schema_with_a_mistake_is_refused(schema: str) -> None:
    with pytest.raises(RuleError) as caught:
        load({"a.rules": FEATURE, "schema.toml": schema})
    assert {problem.spot.file for problem in caught.value.problems} == {"schema.toml"}


def test_the_syntax_that_is_allowed_has_no_way_out() -> None:
    """Whoever adds a form of Python's syntax has to come by here."""
    ways_out = """Attribute Subscript Lambda Import ImportFrom FunctionDef JoinedStr Starred ListComp
        GeneratorExp NamedExpr Await Yield Pow LShift For While With Try Raise Global Delete"""
    assert {kind.__name__ for kind in ALLOWED} & set(ways_out.split()) == set()
