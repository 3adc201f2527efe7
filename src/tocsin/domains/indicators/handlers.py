"""What happens of itself: a drafted rule that passed its check is backtested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.actor import system
from tocsin.core.outbox.registry import on
from tocsin.domains.indicators.models import DraftedRule
from tocsin.domains.rules.actions import ask
from tocsin.domains.rules.models import DetectionRule, RuleReport

_ME = system("indicators")


@on("rule.reported", "indicators.backtest")
def backtest_draft(data: Mapping[str, Any]) -> None:
    """Have a drafted rule backtested once its check has passed. Safe to run twice: it is asked for while the
    rule waits for its first backtest only."""
    drafted = DraftedRule.objects.filter(rule=data["rule"]).select_related("rule").first()
    if drafted is None or drafted.rule.state != DetectionRule.State.CHECKED:
        return
    if not drafted.rule.reports.filter(kind=RuleReport.Kind.BACKTEST).exists():
        ask(_ME, drafted.rule.name, RuleReport.Kind.BACKTEST, days=drafted.days)
