"""The reference of the language, written by the code that reads it.

python -m tocsin.engine.language.reference docs/integrate/rule-language.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from tocsin.engine.language import expressions, features, rules, ruleset, syntax
from tocsin.engine.language.functions import FUNCTIONS, Function
from tocsin.engine.schema import Schema, packaged
from tocsin.engine.spans import WINDOWS, Window
from tocsin.engine.vocabulary import ACTION_TYPES, REASON_CODES, SEVERITIES, VERDICTS

_SETTINGS: Final[Mapping[str, str]] = {
    "on": "the event types it judges, one or a list",
    "when": "what has to hold, see Tests",
    "verdict": f"one of {', '.join(VERDICTS[1:])}; the worst of all rules that fire is the answer",
    "severity": f"how grave it is, {SEVERITIES[0]} (worst) to {SEVERITIES[-1]}",
    "code": "a reason code, see the list",
    "clause": 'the violation code of a policy clause, such as "FRD-C.stolen_payment"',
    "reason": 'a sentence for the person affected, or one for each language: {"en": "…", "es": "…"}; {name} '
    "stands for the value of something that `when` looks at",
    "actions": "what to ask of the marketplace, each with who is meant: the first of the named entities that "
    "the event has; `sender` is whoever the field `sender` names",
    "note": "for colleagues: why, and who looks the same without doing harm",
    "owner": "who answers for the rule",
    "purpose": "what personal data is used for",
    "legal_basis": "why that is allowed",
    "jurisdictions": 'regions it is for, such as ["US", "EU"]; everywhere when there are none',
    "fail": 'what an unknown counts as: "open" (not met, unless it is said) or "closed" (met)',
}
_TYPES: Final[Mapping[str, str]] = {
    "int": "a whole number; money is one too, in minor units (cents)",
    "number": "a number with a point",
    "text": "words in quotes, compared exactly",
    "bool": "true or false, a test by itself",
    "id": "what the marketplace calls an entity; compared with ids and texts",
}
_LISTS: Final[Mapping[str, str]] = {
    "values": "`x in list`: the text or id itself",
    "phrases": "`says(text, list)`: whole words in order, whatever accents and capitals; … is 0 to 5 words",
    "domains": "`x in list`: an e-mail address or host in that domain or below it",
    "networks": "`x in list`: a network address in that network, such as 198.51.100.0/24",
}


def reference(schema: Schema | None = None) -> str:
    """The whole page."""
    schema = schema or packaged()
    text = (resources.files("tocsin.engine.language") / "reference.md").read_text(encoding="utf-8")
    return text.format(
        types=_table(("Type", "Is"), _TYPES.items()),
        entities=_table(
            ("Entity", "Is", "Role"),
            (
                (name, kind.says, _role(kind.account, kind.instrument))
                for name, kind in schema.entities.items()
            ),
        ),
        fields=_table(
            ("Field", "Type", "Is"),
            ((name, _type(one.type), one.says) for name, one in sorted(schema.fields.items())),
        ),
        events=_table(
            ("Event type", "Usual fields"),
            ((name, _code(event.fields)) for name, event in schema.events.items()),
        ),
        settings=_table(
            ("Setting", "Means", ""),
            (
                (key, _SETTINGS[key], "required" if key in rules.REQUIRED else _where(key))
                for key in rules.SETTINGS
            ),
        ),
        functions=_table(
            ("Feature", "Gives", "Type", "Unknown when"),
            ((_written(name, one), one.says, one.type, one.unknown) for name, one in FUNCTIONS.items()),
            code=False,
        ),
        windows=_table(("Window", "Tiles"), ((name, _tiles(window)) for name, window in WINDOWS.items())),
        tests=_table(
            ("Test", "Holds when"),
            (tuple(words.split(": ", 1)) for words in expressions.FUNCTIONS.values()),
        ),
        constants=_table(("Constant", "Seconds"), expressions.CONSTANTS.items()),
        lists=_table(("List", "Meant by"), _LISTS.items()),
        actions=", ".join(f"`{name}`" for name in ACTION_TYPES),
        codes=_table(("Code", "Names"), REASON_CODES.items()),
        limits=_table(("At most", ""), _limits(), code=False),
    )


def _limits() -> list[tuple[str, str]]:
    return [
        (f"{syntax.MAX_TEXT // 1024} kB", "in a file"),
        (f"{ruleset.MAX_FILES}", "files in a set"),
        (f"{syntax.MAX_DEPTH}", "levels of an expression as it is written"),
        (f"{expressions.MAX_PARTS}", "parts of an expression, with all that its names stand for"),
        (f"{expressions.MAX_ALL_PARTS}", "parts of all expressions of a set"),
        (f"{features.MAX_DEPTH}", "features that rest on each other"),
        (f"{features.MAX_KEY}", "things in one `per`"),
        (f"{features.MAX_KEYS}", "different keys (`per`) in a set"),
        (f"{ruleset.MAX_WORDS} and {ruleset.MAX_GAPS}", "words and gaps of a phrase"),
        (f"{ruleset.MAX_ALIKE}", "phrases of a list that begin with the same word"),
        (f"{rules.MAX_TITLE} and {rules.MAX_REASON}", "characters of a title and of a reason"),
    ]


def _written(name: str, function: Function) -> str:
    places = [*function.places, *(key for key in function.settings if key not in (*function.places, "note"))]
    named = [key if key in function.places else f"{key}=…" for key in places]
    return f"`{name}({', '.join(named)})`"


def _where(key: str) -> str:
    return "also in `defaults(…)`" if key in rules.COMMON else ""


def _role(account: bool, instrument: bool) -> str:
    return "account" if account else "instrument" if instrument else ""


def _type(name: str) -> str:
    return "int (money)" if name == "money" else name


def _tiles(window: Window) -> str:
    seconds = window.tile // 1000
    unit, size = next(
        (u, s) for u, s in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)) if seconds % s == 0
    )
    return f"{window.tiles} of {seconds // size} {unit}"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]], *, code: bool = True) -> str:
    """A Markdown table; its first column in the type of code."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for first, *rest in rows:
        cells = [f"`{first}`" if code else f"{first}", *(f"{cell}" for cell in rest)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
