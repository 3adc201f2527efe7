"""What each value of a pack means to the platform: which of two is stricter, and whether it is a deadline.

Strictness is always read from the side of the people a rule protects: answers come sooner, notice and
windows are longer, exceptions are fewer.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from tocsin.core.clocks.spec import BreachVerb, Kind, Pause

Strictest = Literal["lowest", "highest", "true", "false", "union", "intersection", "all_party", "place"]


class ClockRule(NamedTuple):
    """``kind`` and ``pause`` hold when the number is our own default; law makes the clock legal."""

    kind: Kind
    on_breach: BreachVerb
    starts: str
    pause: Pause = "never"


class PathRule(NamedTuple):
    strictest: Strictest
    clock: ClockRule | None = None


def _soonest(kind: Kind, on_breach: BreachVerb, starts: str, pause: Pause = "never") -> PathRule:
    return PathRule("lowest", ClockRule(kind, on_breach, starts, pause))


def _longest(kind: Kind, on_breach: BreachVerb, starts: str) -> PathRule:
    return PathRule("highest", ClockRule(kind, on_breach, starts))


def _response(severity: str, late: BreachVerb, told: BreachVerb) -> dict[str, PathRule]:
    return {
        f"response.{severity}.answer_phone": _soonest("internal", late, "call.received"),
        f"response.{severity}.answer": _soonest("internal", late, "report.received"),
        f"response.{severity}.lock": _soonest("internal", late, "report.received"),
        f"response.{severity}.protect": _soonest("internal", late, "report.received"),
        f"response.{severity}.owner": _soonest("internal", late, "report.received"),
        f"response.{severity}.update": _soonest("promise", told, "reporter.last_told"),
        f"response.{severity}.route": _soonest("internal", late, "report.received"),
    }


RULES: dict[str, PathRule] = {
    "recording_consent": PathRule("all_party"),
    "languages": PathRule("union"),
    "emergency_numbers.*": PathRule("place"),
    "training_gates.*": PathRule("union"),
    "deactivation.trigger": _soonest("internal", "review_interim", "account.restricted"),
    "deactivation.notice": _longest("promise", "allow_action", "notice.delivered"),
    "deactivation.economic_notice": _longest("promise", "allow_action", "notice.delivered"),
    "deactivation.reasons": _soonest("promise", "escalate", "account.restricted"),
    "deactivation.challenge": _longest("promise", "close_window", "notice.delivered"),
    "deactivation.decide": _soonest("promise", "escalate", "appeal.received"),
    "deactivation.records": _longest("internal", "purge", "decision.made"),
    "deactivation.publish_lead": _longest("internal", "allow_action", "policy.published"),
    "deactivation.human_only": PathRule("true"),
    "deactivation.just_cause": PathRule("true"),
    "deactivation.progressive_discipline": PathRule("true"),
    "deactivation.egregious": PathRule("intersection"),
    "deactivation.zero_tolerance": PathRule("union"),
    "appeals.window": _longest("promise", "close_window", "notice.delivered"),
    "appeals.acknowledge": _soonest("promise", "escalate", "appeal.received"),
    "appeals.decide": _soonest("internal", "escalate", "appeal.received", "awaiting_reporter"),
    "appeals.limit": _soonest("promise", "escalate", "appeal.received"),
    "appeals.remedy": _soonest("promise", "page_supervisor", "appeal.reversed"),
    "vetting.conditional_offer_first": PathRule("true"),
    "vetting.bifurcate": PathRule("true"),
    "vetting.arrests_considered": PathRule("false"),
    "vetting.lookback": PathRule("lowest"),
    "vetting.wait": _longest("promise", "allow_action", "pre_adverse.received"),
    "vetting.wait_more": _longest("promise", "allow_action", "record.disputed"),
    "vetting.dispute": _longest("promise", "record", "record.disputed"),
    "vetting.statutory_bars": PathRule("union"),
    "privacy.acknowledge": _soonest("promise", "tell_privacy_officer", "request.received"),
    "privacy.answer": _soonest("promise", "tell_privacy_officer", "request.received"),
    "privacy.opt_out": _soonest("promise", "tell_privacy_officer", "request.received"),
    "privacy.request_log": _longest("internal", "purge", "request.closed"),
    "privacy.breach_authority": _soonest("promise", "tell_privacy_officer", "breach.known"),
    "privacy.breach_people": _soonest("promise", "tell_privacy_officer", "breach.known"),
    "privacy.breach_sample": _soonest("promise", "tell_privacy_officer", "breach.people_told"),
    "privacy.breach_threshold": PathRule("lowest"),
    "privacy.glass": _soonest("internal", "record", "glass.broken"),
    "privacy.glass_review": _soonest("internal", "tell_privacy_officer", "glass.broken"),
    "le.preservation": _longest("promise", "tell_legal", "preservation.received"),
    "le.subpoena": _soonest("promise", "tell_legal", "request.received"),
    "le.emergency": _soonest("promise", "page_next_tier", "request.received"),
    "le.user_notice": _longest("promise", "allow_action", "notice.delivered"),
    "le.production_link": _soonest("internal", "close_window", "production.sent"),
    "le.order": _soonest("promise", "tell_legal", "request.received"),
    "le.order_emergency": _soonest("promise", "page_next_tier", "request.received"),
    "le.order_preservation": _longest("promise", "tell_legal", "preservation.received"),
    "charges.debit_report": _soonest("promise", "tell_reporter", "statement.sent"),
    "charges.debit_answer": _soonest("promise", "record", "bank.told"),
    "charges.debit_limit": _soonest("promise", "record", "bank.told"),
    "charges.card_report": _soonest("promise", "tell_reporter", "statement.sent"),
    "charges.card_acknowledge": _soonest("promise", "record", "issuer.told"),
    "charges.card_limit": _soonest("promise", "record", "issuer.told"),
    **_response("S0", "page_supervisor", "page_supervisor"),
    **_response("S1", "page_supervisor", "page_supervisor"),
    **_response("S2", "escalate", "tell_reporter"),
    **_response("S3", "escalate", "tell_reporter"),
    **_response("S4", "record", "tell_reporter"),
    "reporting.recode": _soonest("internal", "escalate", "report.received"),
    "reporting.anonymous_acknowledge": _soonest("promise", "escalate", "report.received"),
    "reporting.anonymous_feedback": _soonest("promise", "escalate", "report.acknowledged"),
    "enforcement.interim_suspension": _soonest("internal", "review_interim", "account.restricted"),
    "enforcement.interim_notice": _soonest("promise", "escalate", "account.restricted"),
    "enforcement.money_hold": _soonest("internal", "release_hold", "hold.placed"),
    "enforcement.block_review": _soonest("internal", "release_hold", "hold.placed"),
    "enforcement.step_up_fallback": _soonest("internal", "escalate", "step_up.failed"),
    "enforcement.restriction_review": _soonest("internal", "review_interim", "feature.restricted"),
    "enforcement.reregistration_review": _soonest("internal", "escalate", "reregistration.blocked"),
    "enforcement.strike_life": _soonest("promise", "record", "strike.given"),
    "enforcement.new_payout_hold": _longest("internal", "release_hold", "payout_account.added"),
    "verification.report": _soonest("internal", "escalate", "order.delivered"),
    "policies.change_notice": _longest("promise", "allow_action", "policy.published"),
    "policies.ratify": _soonest("internal", "escalate", "policy.published"),
    "policies.exception": _soonest("internal", "close_window", "exception.granted"),
    "policies.review": _soonest("internal", "escalate", "policy.published"),
}


def rule_for(path: str) -> PathRule:
    """The rule of a path; families such as emergency numbers share one. KeyError for an unknown path."""
    if path in RULES:
        return RULES[path]
    return RULES[path.rpartition(".")[0] + ".*"]
