"""Putting indicators to use: on a kept list, and as the draft of a rule with its check and backtest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import Sealed, open_many
from tocsin.core.errors import Conflict, InvalidInput, NotFound
from tocsin.domains.indicators.importing import SEALED_AS
from tocsin.domains.indicators.models import DraftedRule, Indicator, IndicatorValue, Sighting
from tocsin.domains.indicators.recalling import LISTED_AS_THEY_ARE
from tocsin.domains.indicators.rule_text import Entry, Sought, stories_of, text_of, words_of
from tocsin.domains.lists import actions as lists
from tocsin.domains.rules import actions as rules
from tocsin.domains.rules.models import DetectionRule, RuleReport

MAX_CHOSEN: Final = 500
MAX_ENTRIES: Final = 1000
MAX_REASON: Final = 500
#: The kinds of sightings by which a contact or number becomes the id of an account or thing.
_FOUND_AS: Final = {
    "customer": "customer",
    "device": "device",
    "payment_instrument": "card",
    "phone": "phone",
    "shopper": "shopper",
}


@dataclass
class _Use:
    """What a rule or list can take of some indicators. ``listed``: indicator, entity kind and id."""

    listed: list[tuple[Indicator, str, str]] = field(default_factory=list)
    networks: list[tuple[Indicator, str]] = field(default_factory=list)
    phrases: list[tuple[Indicator, str]] = field(default_factory=list)


def put_on_list(actor: Actor, indicator_ids: Sequence[str], name: str, *, reason: str) -> int:
    """Put what these indicators point at on a kept list: addresses, devices and cards as they are; accounts
    and things that bear an e-mail address or number, as far as they were found here. Entries end with
    their indicator. Returns how many entries stand for them.

    Raises:
        AccessDenied: without ``indicators.import`` or ``lists.edit``. NotFound. InvalidInput: a name, reason
        or value that cannot be, nothing that a list can hold, or more than ``MAX_ENTRIES``. Conflict: an
        indicator was recalled or has ended.
    """
    _may_use(actor, "lists.edit")
    _check(name, reason)
    with act(actor, "indicators.list") as work:
        use = _use_of(_chosen(indicator_ids))
        if not use.listed:
            raise InvalidInput(
                "There is nothing in this that a kept list can hold.",
                "Networks and web addresses can stand in a rule. Contacts have to be found here first.",
            )
        _put(work, use, name, reason.strip())
    return len(use.listed)


def draft_rule(
    actor: Actor, indicator_ids: Sequence[str], name: str, *, reason: str, days: int
) -> DetectionRule:
    """Draft a rule that looks for these indicators, by a kept list of the rule's own name and by lists in its
    text. Its check is asked for at once, and its backtest over ``days`` days when that has passed.

    Raises:
        AccessDenied: without ``indicators.import``, ``lists.edit`` or ``rules.edit``. NotFound. InvalidInput:
        a name, reason or days that cannot be, or nothing in it that a rule can look for. Conflict: an
        indicator was recalled or has ended, or the name is taken.
    """
    _may_use(actor, "lists.edit", "rules.edit")
    name = name.strip()
    _check(name, reason, days)
    with act(actor, "indicators.draft") as work:
        if DetectionRule.objects.filter(pk=name).exists():
            told = "There is a rule of this name already."
            raise Conflict(told, "Choose another name.", fields={"name": told})
        chosen = _chosen(indicator_ids)
        use = _use_of(chosen)
        if not (use.listed or use.networks or use.phrases):
            raise InvalidInput(
                "There is nothing in this that a rule can look for.",
                "Contacts have to be found here first; issuer numbers and user agents are not in events.",
            )
        _put(work, use, name, reason.strip())
        rule = rules.write(actor, name, **_written(name, use))
        _note_drafts(work, chosen, use, rule, days)
        rules.ask(actor, name, RuleReport.Kind.CHECK)
    return rule


def _may_use(actor: Actor, *more: str) -> None:
    for permission in ("indicators.import", *more):
        require(actor, permission)


def _chosen(indicator_ids: Sequence[str]) -> list[Indicator]:
    wanted = list(dict.fromkeys(indicator_ids))
    if not 1 <= len(wanted) <= MAX_CHOSEN:
        told = f"Choose 1 to {MAX_CHOSEN} indicators."
        raise InvalidInput("Nothing was chosen." if not wanted else "Too much was chosen.", told)
    rows = list(Indicator.objects.select_for_update(of=("self",)).select_related("came_with")
                .filter(pk__in=wanted).order_by("pk"))  # fmt: skip
    if len(rows) < len(wanted):
        raise NotFound("There is no such indicator.", "Reload the page, and choose again.")
    now = timezone.now()
    for row in rows:
        if row.recalled_at is not None or (row.valid_until is not None and row.valid_until <= now):
            raise Conflict(
                f"{row.name or row.standard_id} was taken back or has ended.",
                "Choose among those that stand.",
            )
    return rows


def _use_of(chosen: Sequence[Indicator]) -> _Use:
    use = _Use()
    by_id = {row.pk: row for row in chosen}
    values = list(
        IndicatorValue.objects.filter(indicator__in=chosen).select_related("sealed_with").order_by("pk")
    )
    texts = open_many(Sealed(row.sealed_with.key_scope, SEALED_AS, row.value_sealed) for row in values)
    for value, text in zip(values, texts, strict=True):
        row = by_id[value.indicator_id]
        if text is None:
            continue
        if value.kind in LISTED_AS_THEY_ARE:
            use.listed.append((row, LISTED_AS_THEY_ARE[value.kind], text))
        elif value.kind == "network":
            use.networks.append((row, text))
        elif value.kind in ("domain", "url"):
            use.phrases.append((row, words_of(text)))
    found = Sighting.objects.filter(
        value__indicator__in=chosen, by__in=[Sighting.By.CONTACT, Sighting.By.THING]
    ).order_by("subject_kind", "subject_id")
    for seen in found.values_list("value__indicator_id", "subject_kind", "subject_id"):
        use.listed.append((by_id[seen[0]], _FOUND_AS[seen[1]], seen[2]))
    use.listed = list(dict.fromkeys(use.listed))
    return use


def _put(work: Work, use: _Use, name: str, reason: str) -> None:
    if len(use.listed) > MAX_ENTRIES:
        raise InvalidInput(
            f"That would be {len(use.listed)} entries, more than {MAX_ENTRIES} at once.",
            "Choose fewer indicators, and the others after them.",
        )
    for row, _, value in use.listed:
        try:
            lists.add_within(
                work, name, value, reason=reason, source=row.came_with.source, source_ref=row.pk,
                until=row.valid_until, confidence=lists.CERTAIN if row.confidence is None else row.confidence,
            )  # fmt: skip
        except InvalidInput as error:
            why = " ".join(error.fields.values())
            raise InvalidInput(
                f"A value of {row.name or row.standard_id} cannot be on a list: {why}",
                "Choose without this indicator.",
            ) from error


def _written(name: str, use: _Use) -> dict[str, str]:
    sought = Sought(
        name, sorted({entity for _, entity, _ in use.listed}), _entries(use.networks), _entries(use.phrases)
    )
    return {"text": text_of(name, sought), "stories": stories_of(name, sought)}


def _entries(values: Iterable[tuple[Indicator, str]]) -> list[Entry]:
    found: dict[str, Entry] = {}
    for row, value in values:
        found.setdefault(value, Entry(value, row.came_with.source, row.valid_until))
    return list(found.values())


def _note_drafts(work: Work, chosen: Sequence[Indicator], use: _Use, rule: DetectionRule, days: int) -> None:
    in_text = {row.pk for row, _ in (*use.networks, *use.phrases)}
    used = in_text | {row.pk for row, _, _ in use.listed}
    for row in chosen:
        if row.pk in used:
            work.save(
                DraftedRule(
                    indicator=row, rule=rule, in_text=row.pk in in_text, days=days, by=work.actor.ref,
                    at=timezone.now(),
                )
            )  # fmt: skip


def _check(name: str, reason: str, days: int = 1) -> None:
    wrong = {}
    if why := lists.wrong_name(name):
        wrong["name"] = why
    if not 3 <= len(reason.strip()) <= MAX_REASON or "\0" in reason:
        wrong["reason"] = f"Say why, in 3 to {MAX_REASON} characters."
    if not 1 <= days <= rules.MAX_DAYS:
        wrong["days"] = f"Choose 1 to {rules.MAX_DAYS} days."
    if wrong:
        raise InvalidInput("The indicators were not put to use.", "Mend what is marked.", fields=wrong)
