"""The row of a rule, and one step of it, inside a larger act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.ids import new_id
from tocsin.domains.detection.queries import hits_in_hour
from tocsin.domains.rules.in_force import packaged
from tocsin.domains.rules.models import DetectionRule, RuleStep


def step(
    work: Work,
    rule: DetectionRule,
    to: str,
    reason: str,
    *,
    because_of: str = "",
    compared: Mapping[str, Any] | None = None,
) -> RuleStep:
    """Take a locked rule to another state, and write down who did it and why. ``because_of``: the rule whose
    own step brought this one about. ``compared``: what was known of it beside what is in force."""
    now = timezone.now()
    made = RuleStep(
        id=new_id("rst"), rule=rule, from_state=rule.state, to_state=to, share=rule.share,
        by=work.actor.ref, at=now, because_of=because_of, compared=dict(compared or {}),
    )  # fmt: skip
    made.reason = reason
    rule.state, rule.state_since = to, now
    fired, watched, rule.events_before = hits_in_hour(rule.name, now)
    rule.hits_before = watched if to == DetectionRule.State.SHADOW else fired
    work.save(rule, f"rule.{to}")
    work.save(made, f"rule.{to}")
    work.emit("rule.moved", {"rule": rule.name, "from": made.from_state, "to": to}, key=made.pk)
    return made


def row_of(work: Work, name: str) -> DetectionRule:
    """The rule, locked. One that comes with Tocsin gets its row when it is first touched."""
    if name in packaged().rules and not DetectionRule.objects.filter(pk=name).exists():
        now = timezone.now()
        row = DetectionRule(
            name=name, packaged=True, state=DetectionRule.State.ACTIVE, state_since=now, changed_at=now
        )
        work.save(row, "rule.touch")
    return work.lock(DetectionRule, name)
