"""The text of a rule that looks for indicators, in the language of rules, and the stories that go with it.

Single things (an address, a device, a card, an account) are on a kept list, sealed, and the text asks about
the list. What points at nobody in particular, networks and web addresses, stands in the text itself, with its
source and end.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.engine.text import words

#: Entity kinds a list entry may be of, and the events they are looked for in.
_EVENTS: Final = (
    "account.created", "account.login", "order.placed", "payment.added", "payment.authorised",
    "payout.changed",
)  # fmt: skip
_MESSAGE: Final = "message.sent"


@dataclass(frozen=True)
class Entry:
    """A value that stands in the text."""

    value: str
    source: str
    until: dt.datetime | None


@dataclass(frozen=True)
class Sought:
    """What a rule looks for: kinds of entities whose ids are on a kept list, networks, and web addresses. At
    least one of the three is there."""

    list_name: str
    entities: Sequence[str]
    networks: Sequence[Entry]
    phrases: Sequence[Entry]


def text_of(name: str, sought: Sought) -> str:
    """The text of a rule."""
    listed = [f'{name}_{entity} = listed({entity}, "{sought.list_name}")' for entity in sought.entities]
    tests, parts = [f"{name}_{entity}" for entity in sought.entities], ["\n".join(listed)]
    if sought.networks:
        parts.append(_list(f"{name}_networks", "networks", sought.networks))
        tests.append(f"ip in {name}_networks")
    if sought.phrases:
        parts.append(_list(f"{name}_phrases", "phrases", sought.phrases))
        tests.append(f"says(text, {name}_phrases)")
    only_messages = not sought.entities and not sought.networks
    events = [*(() if only_messages else _EVENTS), *([_MESSAGE] if sought.phrases else [])]
    condition = "\n        or ".join(tests)
    before = "\n\n".join(part for part in parts if part)
    code, clause = ("M1", "FRD-X.customer_phishing") if only_messages else ("D2", "FRD-C.stolen_payment")
    return f'''{before}


class {name}(Rule):
    "Something that others warned us of was seen"

    on = {json.dumps(events)}
    when = (
        {condition}
    )
    verdict = "review"
    severity = "S3"
    code = "{code}"
    clause = "{clause}"
    owner = "fraud"
    purpose = "prevention of fraud and harm"
    legal_basis = "legitimate interest in preventing fraud and harm"
    reason = {{
        "en": "Something here matches a warning that we received.",
        "es": "Algo aquí coincide con un aviso que recibimos.",
    }}
    note = "Drafted from imported indicators. A match is a lead, not a finding."
'''


def stories_of(name: str, sought: Sought) -> str:
    """A story for each test of the rule in which it fires, and one in which it does not."""
    stories = [_story(name, f"a listed {one}", _listed(one, sought.list_name)) for one in sought.entities]
    if sought.networks:
        address = sought.networks[0].value.partition("/")[0]
        stories.append(
            _story(
                name, "an address in a network", [f'type = "account.login", customer = "c", ip = "{address}"']
            )
        )
    if sought.phrases:
        # as words, which is how it is compared: written as a link it would be of interest to other rules too
        said = json.dumps(f"Look at {' '.join(words(sought.phrases[0].value))} now", ensure_ascii=False)
        fields = f'fields = {{ sender = "customer", text = {said} }}'
        event = f'type = "message.sent", customer = "c", shopper = "s", {fields}'
        stories.append(_story(name, "a message with the web address", [event]))
    stories.append(
        '[[test]]\nname = "somebody else is left alone"\n'
        'events = [{ type = "account.login", customer = "nobody", device = "other" }]\n'
        'expect = { verdict = "allow", rules = [] }\n'
    )
    return "\n".join(stories)


def words_of(value: str) -> str:
    """A domain or web address as ``says`` reads it: without the scheme, which is often left out."""
    return value.partition("://")[2] or value


def _list(name: str, kind: str, entries: Sequence[Entry]) -> str:
    lines = []
    for entry in entries:
        until = f", until={json.dumps(entry.until.date().isoformat())}" if entry.until else ""
        source = json.dumps(entry.source, ensure_ascii=False)
        lines.append(f"    entry({json.dumps(entry.value, ensure_ascii=False)}, source={source}{until}),")
    return "\n".join([f"{name} = {kind}(", *lines, ")"])


def _listed(entity: str, list_name: str) -> list[str]:
    added = f'type = "list.added", fields = {{ list = "{list_name}", value = "listed" }}'
    account = "" if entity in ("customer", "shopper") else 'customer = "c", '
    return [added, f'type = "account.login", {account}{entity} = "listed"']


def _story(name: str, title: str, events: Sequence[str]) -> str:
    told = "\n".join(f"  {{ {event} }}," for event in events)
    return (
        f'[[test]]\nname = "{title} is looked at"\nevents = [\n{told}\n]\n'
        f'expect = {{ verdict = "review", rules = ["{name}"] }}\n'
    )
