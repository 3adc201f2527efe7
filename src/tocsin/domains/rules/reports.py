"""Checks and backtests as rows that wait for the worker: a row is done in the transaction that writes what
was found, so one whose worker was killed is simply done again."""

from __future__ import annotations

from dataclasses import asdict

from django.utils import timezone

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.domains.rules import moves
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.rules.mistakes import problems_of
from tocsin.domains.rules.models import DetectionRule, RuleReport

State = DetectionRule.State
Kind = RuleReport.Kind


def make_next() -> int:
    """Make the report that has waited longest and that nobody else is making; returns how many: 0 or 1."""
    with act(system("rules"), "rule.report") as work:
        waiting = RuleReport.objects.filter(state=RuleReport.State.ASKED).order_by("asked_at")
        report = waiting.select_for_update(skip_locked=True).first()
        if report is None:
            return 0
        work.watch(report)
        # not locked while it is replayed: its author may go on writing
        _make(report, DetectionRule.objects.get(pk=report.rule_id))
        rule = work.lock(DetectionRule, report.rule_id)
        report.state = RuleReport.State.DONE
        report.done_at = timezone.now()
        work.save(report)
        if rule.content_hash == report.content_hash:
            _follow(work, report, rule)
        work.emit("rule.reported", {"rule": rule.name, "report": report.pk}, key=report.pk)
    return 1


def _make(report: RuleReport, rule: DetectionRule) -> None:
    # the engine takes a while to load: only for who needs it
    from tocsin.domains.rules import backtests, checks
    from tocsin.engine.language.ruleset import load

    report.content_hash = rule.content_hash
    live = in_force()
    if report.kind == Kind.CHECK:
        found = checks.check(rule, live)
        report.passed, report.rules_version = found.passed, found.rules_version
        report.figures = {key: value for key, value in asdict(found).items() if key != "rules_version"}
        return
    drafted, problems = problems_of(rule, live)
    if drafted is None:
        report.figures = {"problems": problems}
        return
    made = backtests.backtest(rule.name, load(live.sources()), drafted, report.days)
    report.passed, report.rules_version = True, drafted.version
    report.figures, report.data_hash = made.figures, made.data_hash


def _follow(work: Work, report: RuleReport, rule: DetectionRule) -> None:
    """A rule on paper goes on, or back, by what was found."""
    reached = {
        (Kind.CHECK, True): {State.DRAFT: State.CHECKED},
        (Kind.CHECK, False): {State.CHECKED: State.DRAFT, State.BACKTESTED: State.DRAFT},
        (Kind.BACKTEST, True): {State.CHECKED: State.BACKTESTED},
        (Kind.BACKTEST, False): {State.CHECKED: State.DRAFT, State.BACKTESTED: State.DRAFT},
    }[Kind(report.kind), report.passed]
    if (to := reached.get(State(rule.state))) is not None:
        moves.step(work, rule, to, "")
