"""The brake writes to whoever answers for rules: supervisors, rules engineers, and who wrote the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.outbox.registry import on
from tocsin.domains.rules.models import DetectionRule
from tocsin.domains.staff.mail import write
from tocsin.domains.staff.models import Staff


@on("rule.braked", "rules.tell_of_pause")
def paused(data: Mapping[str, Any]) -> None:
    """A rule was paused: it protects nobody until a person lets it go on."""
    _tell(
        data["rule"], f"Tocsin: the rule {data['rule']} was paused",
        "The brake has paused this rule. It looks at nothing until somebody lets it go on.", data["at"],
    )  # fmt: skip


@on("rule.alarm", "rules.tell_of_alarm")
def alarmed(data: Mapping[str, Any]) -> None:
    """A rule that keeps people safe does something else than usual, and goes on."""
    with act(system("rules brake"), "rule.alarm") as work:
        work.fact("rules.rule", data["rule"], why=data["why"])
    _tell(
        data["rule"], f"Tocsin: look at the rule {data['rule']} now",
        f"{data['why']}\nIt keeps people safe, so it goes on. Pause it yourself if it is wrong.", data["at"],
    )  # fmt: skip


def _tell(rule: str, subject: str, what: str, key: str) -> None:
    author = DetectionRule.objects.filter(pk=rule).values_list("author", flat=True).first()
    answers = Q(roles__contains=["supervisor"]) | Q(roles__contains=["rules_engineer"]) | Q(pk=author)
    text = f"{what}\n\nOpen {settings.TOCSIN_PUBLIC_URL}/console/rules/{rule}/ to see it.\n"
    for person in Staff.objects.filter(answers, is_active=True).order_by("pk"):
        write(person, "rule.brake", subject, text, key=f"{rule}:{key}")
