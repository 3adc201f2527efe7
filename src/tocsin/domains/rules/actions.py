"""Writing rules, and asking for what has to be known about them."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.core.ids import new_id
from tocsin.domains.rules.in_force import packaged
from tocsin.domains.rules.models import DetectionRule, RuleReport
from tocsin.domains.rules.moves import step

State = DetectionRule.State
MAX_TEXT: Final = 60_000  # characters
MAX_DAYS: Final = 90
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,59}")


def write(actor: Actor, name: str, *, text: str, stories: str, replaces: str = "") -> DetectionRule:
    """Begin a rule, or change one of one's own that is still on paper; it is a draft again when its content
    changed, and nothing happens when it did not.

    Raises:
        AccessDenied: without ``rules.edit``. InvalidInput: a name or text that cannot be. Conflict: it is
        somebody else's, comes with Tocsin, or runs already.
    """
    require(actor, "rules.edit")
    text, stories = _lines(text), _lines(stories)
    _check_form(name, text, stories, replaces)
    content = hashlib.sha256(f"{text}\0{stories}\0{replaces}".encode()).hexdigest()
    now = timezone.now()
    with act(actor, "rule.write") as work:
        rule = DetectionRule.objects.select_for_update().filter(pk=name).first()
        if rule is None:
            rule = DetectionRule(name=name, author_id=actor.id, state_since=now)
        else:
            _refuse_to_change(rule, actor)
            if rule.content_hash == content:
                return rule
            work.watch(rule)
        rule.text, rule.stories, rule.replaces = text, stories, replaces
        rule.content_hash, rule.changed_at = content, now
        if rule.state == State.DRAFT:
            work.save(rule)
        else:
            step(work, rule, State.DRAFT, "")
    return rule


def ask(actor: Actor, name: str, kind: str, *, days: int = 0) -> RuleReport:
    """Ask for a check, or a backtest over so many days. One that waits already is given again.

    Raises:
        AccessDenied: without ``rules.edit``. NotFound. InvalidInput: days that are not 1 to 90. Conflict: a
        backtest of a rule that did not pass its check, or that comes with Tocsin.
    """
    require(actor, "rules.edit")
    if kind not in RuleReport.Kind.values:
        raise InvalidInput("A rule can be checked or backtested.", "Choose one of them.")
    if kind == RuleReport.Kind.BACKTEST and not 1 <= days <= MAX_DAYS:
        told = f"Choose 1 to {MAX_DAYS} days."
        raise InvalidInput("The days to replay must be from 1 to 90.", told, fields={"days": told})
    with act(actor, f"rule.ask_{kind}") as work:
        rule = work.lock(DetectionRule, name)
        _refuse_to_ask(rule, kind)
        waiting = rule.reports.filter(kind=kind, state=RuleReport.State.ASKED).first()
        return waiting or _ask(work, rule, kind, days)


def _ask(work: Work, rule: DetectionRule, kind: str, days: int) -> RuleReport:
    report = RuleReport(
        id=new_id("rrp"), rule=rule, kind=kind, days=days, content_hash=rule.content_hash,
        asked_by=work.actor.ref, asked_at=timezone.now(),
    )  # fmt: skip
    work.save(report)
    work.emit("rule.report_asked", {"rule": rule.name, "report": report.pk}, key=report.pk)
    return report


def _refuse_to_ask(rule: DetectionRule, kind: str) -> None:
    if rule.packaged or rule.state not in DetectionRule.ON_PAPER:
        raise Conflict(
            "Only a rule that is still on paper is checked and backtested.",
            "Write the change as a rule of its own that replaces this one.",
        )
    if kind == RuleReport.Kind.BACKTEST and rule.state == State.DRAFT:
        raise Conflict("This rule has not passed its check yet.", "Check it first, and mend what it says.")


def _refuse_to_change(rule: DetectionRule, actor: Actor) -> None:
    if rule.packaged:
        raise Conflict(f"{rule.name} comes with Tocsin.", "Write a rule with another name that replaces it.")
    if rule.author_id != actor.id:
        raise Conflict(
            "This rule was written by somebody else.", "Ask them to change it, or write one of your own."
        )
    if rule.state not in DetectionRule.ON_PAPER:
        raise Conflict(
            "The text of a rule is fixed once it runs.",
            "Write the change as a rule with another name that replaces this one.",
        )


def _check_form(name: str, text: str, stories: str, replaces: str) -> None:
    wrong = {}
    if not _NAME.fullmatch(name):
        wrong["name"] = "3 to 60 small letters, digits and _, beginning with a letter."
    elif name in packaged().rules:
        wrong["name"] = "A rule that comes with Tocsin is called so. Choose another name."
    for field, said in (("text", text), ("stories", stories)):
        if len(said) > MAX_TEXT or "\0" in said:
            wrong[field] = f"At most {MAX_TEXT:,} characters, without NUL."
    if replaces and (replaces == name or not _is_known(replaces)):
        wrong["replaces"] = "There is no other rule of this name."
    if wrong:
        raise InvalidInput("The rule cannot be kept like this.", "Mend what is marked.", fields=wrong)


def _is_known(name: str) -> bool:
    return name in packaged().rules or DetectionRule.objects.filter(pk=name, packaged=False).exists()


def _lines(text: str) -> str:
    """With line ends as the language counts them; browsers send others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
