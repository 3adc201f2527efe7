"""Figures of backtests, comparisons and outside detectors, as pages show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from tocsin.domains.rules.models import RuleReport
from tocsin.surfaces.ui.formatting import money
from tocsin.surfaces.ui.templatetags.tocsin_ui import grouped

Figures = Mapping[str, Any]


def hits_a_day(report: RuleReport | None) -> dict[str, Any] | None:
    """The chart of a backtest: hits by day (UTC), quiet days too."""
    if report is None or not report.passed or report.kind != RuleReport.Kind.BACKTEST:
        return None
    found = report.figures
    first, last = (dt.datetime.fromisoformat(found[key]).date() for key in ("since", "until"))
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    return {
        "x": [int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()) for day in days],
        "series": [{"label": _("Hits"), "values": [found["per_day"].get(f"{day}", 0) for day in days]}],
    }


def compared(found: Figures) -> dict[str, Any]:
    """Champion and challenger in words and rows; nothing while there is nothing to compare."""
    if not found:
        return {}
    sides = found["champion"], found["challenger"]
    rows = [
        {"label": label, "champion": say(sides[0]), "challenger": say(sides[1])} for label, say in _rows()
    ]
    return {
        **found,
        "rows": [row for row in rows if row["champion"] or row["challenger"]],
        "since_at": dt.datetime.fromisoformat(found["since"]),
        "until_at": dt.datetime.fromisoformat(found["until"]),
        "agreement_shown": _percent(found["agreement"]),
        "difference_shown": _points(found["difference"], found["difference_interval"]),
    }


def detected(found: Figures) -> dict[str, Any]:
    """A detector and the rules in force in rows."""
    said: list[tuple[str, Callable[[Figures], str]]] = [
        (_("People it would raise"), lambda side: grouped(side["people"])),
        (_("of these confirmed"), lambda side: grouped(side["confirmed"])),
        (_("of these cleared"), lambda side: grouped(side["cleared"])),
        (_("Precision"), lambda side: _share(side["precision"], side["interval"])),
        (_("Recall"), lambda side: "—" if side["recall"] is None else _percent(side["recall"])),
    ]
    sides = found["detector"], found["in_force"]
    rows = [{"label": label, "detector": say(sides[0]), "in_force": say(sides[1])} for label, say in said]
    return {**found, "rows": rows}


def _rows() -> list[tuple[str, Callable[[Figures], str]]]:
    return [
        (_("Hits"), lambda side: grouped(side["hits"])),
        (_("People"), lambda side: grouped(side["people"])),
        (_("of these confirmed"), lambda side: grouped(side["confirmed"])),
        (_("of these cleared"), lambda side: grouped(side["cleared"])),
        (_("nothing known"), lambda side: grouped(side["unlabelled"])),
        (_("Precision"), lambda side: _share(side["precision"], side["interval"])),
        (_("Value caught"), lambda side: ", ".join(money(v, c) for c, v in side["value"].items())),
        (_("People by place"), lambda side: ", ".join(f"{r or '—'} {n}" for r, n in side["regions"].items())),
    ]


def _percent(share: float) -> str:
    return _("%(share)s %%") % {"share": f"{share * 100:.1f}"}


def _share(share: float | None, interval: list[float] | None) -> str:
    if share is None or interval is None:
        return "—"
    low, high = (f"{end * 100:.0f}" for end in interval)
    return f"{_percent(share)} ({low}–{high})"


def _points(difference: float | None, interval: list[float] | None) -> str:
    """A difference of shares in percentage points, with its interval."""
    if difference is None:
        return _("not known yet")
    shown = _("%(points)s points") % {"points": f"{difference * 100:+.1f}"}
    if interval is None:
        return _("%(points)s, too few known people to be sure") % {"points": shown}
    low, high = (f"{end * 100:+.1f}" for end in interval)
    return _("%(points)s (%(low)s to %(high)s)") % {"points": shown, "low": low, "high": high}
