"""``tocsin rules …`` as the people who write rules use it: real processes on folders of files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tocsin as tocsin_package
from tests.engine.builders import rule
from tocsin.engine.language.ruleset import load_folder

RULES = 'orders = count("order.placed", per=customer, within="1h")\nbad = values("x", "y")\n' + rule(
    "orders >= 2 and known(card)", reason="Order {orders}.", more="actions = [hold_order(order)]"
)
STORIES = """
[[test]]
name = "the third order is looked at"
events = [{ type = "order.placed", repeat = 3, customer = "ana", order = "o{n}", card = "k" }]
expect = { verdict = "review", rules = ["r1"], actions = ["hold_order order o3"] }
but = [
  { repeat = 2, rules = [] },
  { without = ["card"], rules = [] },
]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of rules with stories that say all."""
    made = tmp_path / "rules"
    made.mkdir()
    (made / "shop.rules").write_text(RULES)
    (made / "shop.tests.toml").write_text(STORIES)
    return made


def tocsin(*words: str | Path, home: Path, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin.config.main", "rules", *map(str, words)],
        capture_output=True, text=True, check=False, timeout=250, input=stdin,
        env={**os.environ, "TOCSIN_HOME": str(home), **more},
    )  # fmt: skip


def test_check_says_what_is_there(folder: Path, tmp_path: Path) -> None:
    done = tocsin("check", folder, home=tmp_path / "home")
    version = load_folder(folder).version
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{version}: 1 rule, 1 feature, 1 list\n", "")


def test_check_shows_every_mistake_where_it_stands(folder: Path, tmp_path: Path) -> None:
    (folder / "shop.rules").write_text(RULES.replace("orders >=", "ordres >=").replace('"V1"', '"V11"'))
    done = tocsin("check", folder, home=tmp_path / "home")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        'shop.rules:8:12: There is no "ordres". Did you mean "orders"?',
        "        when = ordres >= 2 and known(card)",
        "               ^^^^^^",
    ]
    assert lines[3].startswith('shop.rules:11:12: "code" cannot be "V11".')
    assert lines[-1] == "2 mistakes. None of these rules can be used before they are mended."


def test_the_folder_of_the_settings_is_meant_without_another(folder: Path, tmp_path: Path) -> None:
    done = tocsin("check", home=tmp_path / "home", TOCSIN_RULES_DIR=str(folder))
    assert (done.returncode, done.stdout.partition(": ")[2]) == (0, "1 rule, 1 feature, 1 list\n")
    packaged = load_folder(Path(tocsin_package.__file__).parent / "data" / "rules")
    assert f"{len(packaged.rules)} rules" in tocsin("check", home=tmp_path / "home").stdout


def test_test_plays_the_stories(folder: Path, tmp_path: Path) -> None:
    done = tocsin("test", folder, home=tmp_path / "home")
    assert (done.returncode, done.stdout) == (0, "3 stories, 0 failed\n")
    (folder / "shop.rules").write_text(RULES.replace(">= 2", ">= 1") + rule("known(card) and rush", "r2"))
    broken = tocsin("test", folder, home=tmp_path / "home")
    assert broken.returncode == 1
    assert broken.stdout.splitlines() == [
        "shop.tests.toml: the third order is looked at (but 1): expected rules [], fired ['r1']",
        "no story ends with r2",
        "3 stories, 1 failed",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("this is no story", "The stories in"),
        (
            '[[test]]\nname = "a"\nevents = [{ type = "order.placed" }]\nbut = [{ event = 2 }]',
            "there is no such event",
        ),
        ('[[test]]\nname = "a"\nevnts = []', "evnts"),
    ],
)
def test_stories_that_cannot_be_read_are_named(folder: Path, tmp_path: Path, text: str, said: str) -> None:
    (folder / "shop.tests.toml").write_text(text)
    done = tocsin("test", folder, home=tmp_path / "home")
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "shop.tests.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_story_with_a_wrong_event_fails_and_the_others_go_on(folder: Path, tmp_path: Path) -> None:
    wrong = '[[test]]\nname = "a"\nevents = [{ type = "order.placed", fields = { rush = 5 } }]\n'
    (folder / "a.tests.toml").write_text(wrong)
    done = tocsin("test", folder, home=tmp_path / "home")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "a.tests.toml: a: an event is wrong: fields.rush: Expected true or false.",
        "4 stories, 1 failed",
    ]


def test_diff_says_in_words_what_changed(folder: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    changed = (
        RULES.replace(">= 2", ">= 3")
        .replace('"1h"', '"24h"')
        .replace('"x", "y"', '"y", "z"')
        .replace("[hold_order(order)]", "[watch(customer)]")
        .replace("Order {orders}.", "{orders} orders.")
    )
    (new / "shop.rules").write_text(changed + rule("known(device)", "r2", "watch"))
    done = tocsin("diff", folder, new, home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "rule r2: added",
        "rule r1: when was orders >= 2 and known(card), is orders >= 3 and known(card)",
        "rule r1: actions was hold_order(order), is watch(customer)",
        "rule r1: the reason (en) says something else",
        'feature orders: was count(of="order.placed", per=customer, within="1h"), '
        'is count(of="order.placed", per=customer, within="24h")',
        'list bad: 1 added: "z"',
        'list bad: 1 removed: "x"',
    ]
    back = tocsin("diff", new, folder, home=tmp_path / "home")
    assert back.stdout.startswith("rule r2: removed\n")


def test_diff_of_the_same_meaning_says_so(folder: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    (new / "other.rules").write_text("# written anew\n" + RULES)
    done = tocsin("diff", folder, new, home=tmp_path / "home")
    assert done.stdout == f"Both mean the same: {load_folder(folder).version}\n"


def test_diff_refuses_a_folder_with_mistakes(folder: Path, tmp_path: Path) -> None:
    done = tocsin("diff", folder, tmp_path / "nowhere", home=tmp_path / "home")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was done" in done.stderr


def test_mutate_lists_what_no_story_notices(folder: Path, tmp_path: Path) -> None:
    assert (
        tocsin("mutate", folder, home=tmp_path / "home").stdout
        == "5 changes tried, 0 that no story notices\n"
    )
    (folder / "shop.tests.toml").write_text(STORIES.replace("  { repeat = 2, rules = [] },\n", ""))
    done = tocsin("mutate", folder, home=tmp_path / "home")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "r1: left out: orders >= 2",
        "r1: orders >= 2 became orders >= 1",
        "5 changes tried, 2 that no story notices",
    ]


def order(ident: str, customer: str = "ana", **more: object) -> str:
    event = {"id": ident, "type": "order.placed", "ts": "2026-03-01T10:00:00Z", **more}
    return json.dumps(event | {"entities": {"customer": customer, "order": ident, "card": "k"}})


def test_answer_says_what_decide_would(folder: Path, tmp_path: Path) -> None:
    lines = [order("o1"), "", order("o2"), order("o3", "bo"), order("o4"), order("o4")]
    done = tocsin("answer", folder, home=tmp_path / "home", stdin="\n".join(lines))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [one["verdict"] for one in answers] == ["allow", "allow", "allow", "review", "review"]
    assert answers[3]["actions"] == [{"type": "hold_order", "target": {"kind": "order", "id": "o4"}}]
    assert answers[4]["duplicate"] is True


def test_answer_stops_at_a_line_that_is_no_event_and_names_it(folder: Path, tmp_path: Path) -> None:
    lines = [order("o1"), order("o2", region=7), order("o3")]
    done = tocsin("answer", folder, home=tmp_path / "home", stdin="\n".join(lines))
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 1)
    assert "Nothing more was answered: line 2 is not an event: region:" in done.stderr
