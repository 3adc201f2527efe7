"""Every page there is, who visits it, and what they open on it.

``VISITS`` and ``NO_PAGE`` together name every address of the site: a new page has to be put into one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLResolver, get_resolver

#: Nobody: somebody on the public pages. Newcomer: staff without a second factor yet.
NOBODY, NEWCOMER = "nobody", "newcomer"


@dataclass(frozen=True)
class Visit:
    """One page, visited by ``who``.

    ``path`` names rooms of ``full_house`` in braces. ``opens`` are selectors of what is pressed on the page,
    one after the other, each from the page as it loaded; a selector that begins with ``!`` is a form that is
    sent as it is, without the browser's own checks, so that its errors show.
    """

    who: str
    path: str
    opens: tuple[str, ...] = ()


def _dialog(verb: str) -> str:
    return f'[hx-get*="/{verb}/"][hx-target="#dialog-body"]'


_FRAME = (
    "[data-palette-open]", "button[data-dialog=keys-dialog]", "summary[aria-label='Your account']",
    'a[hx-get*="/purpose/"]',
)  # fmt: skip
_CASE = "/console/case/"

VISITS = (
    # the help centre
    Visit(NOBODY, "/help/"),
    Visit(NOBODY, "/help/privacy/"),
    Visit(NOBODY, "/help/report/"),
    Visit(NOBODY, "/help/report/CON.harassment/", ("!main form",)),
    Visit(NOBODY, "/help/report/SAF.threat/"),
    Visit(NOBODY, "/help/follow-up/", ("!main form",)),
    Visit("reporter", "/help/follow-up/report/", ('!form[action$="/message/"]', "main summary")),
    Visit(NOBODY, "/help/notice/", ("!main form",)),
    Visit(NOBODY, "{letter}", ("!main form",)),
    Visit(NOBODY, "/help/notice/ntc_unknown?code=ABCDEFGHJK"),
    # signing in, and what can go wrong
    Visit(NOBODY, "/accounts/login/", ('!form[action="/accounts/login/"]',)),
    Visit(NOBODY, "/accounts/inactive/"),
    Visit(NOBODY, "/accounts/signup/"),
    Visit(NOBODY, "/accounts/3rdparty/login/cancelled/"),
    Visit(NOBODY, "/accounts/3rdparty/login/error/"),
    Visit(NOBODY, "/accounts/password/reset/", ("!main form",)),
    Visit(NOBODY, "/accounts/password/reset/done/"),
    Visit(NOBODY, "/accounts/password/reset/key/1-abc-def/"),
    Visit(NOBODY, "/accounts/password/reset/key/done/"),
    Visit(NOBODY, "/accounts/confirm-email/"),
    Visit(NOBODY, "/accounts/confirm-email/abc/"),
    Visit(NOBODY, "/nowhere/"),
    Visit("at-second-step", "/accounts/2fa/authenticate/", ('!form[action="/accounts/2fa/authenticate/"]',)),
    # an account and its second factors
    Visit(NEWCOMER, "/accounts/2fa/totp/activate/", ("!main form",)),
    Visit("investigator", "/accounts/2fa/"),
    Visit("investigator", "/accounts/2fa/totp/deactivate/"),
    Visit("investigator", "/accounts/2fa/recovery-codes/"),
    Visit("investigator", "/accounts/2fa/recovery-codes/generate/"),
    Visit("investigator", "/accounts/2fa/webauthn/"),
    Visit("investigator", "/accounts/2fa/webauthn/add/"),
    Visit("investigator", "/accounts/2fa/webauthn/keys/{passkey}/edit/"),
    Visit("investigator", "/accounts/2fa/webauthn/keys/{passkey}/remove/"),
    Visit("investigator", "/accounts/2fa/reauthenticate/"),
    Visit("investigator", "/accounts/2fa/webauthn/reauthenticate/"),
    Visit("investigator", "/accounts/reauthenticate/", ("!main form",)),
    Visit("investigator", "/accounts/password/change/", ("!main form",)),
    Visit("investigator", "/accounts/email/"),
    Visit("investigator", "/accounts/3rdparty/"),
    Visit("investigator", "/accounts/logout/"),
    # cases
    Visit("supervisor", "/console/queue/", (*_FRAME, "#queue-filter > summary")),
    Visit("supervisor", "/console/queue/?desk=privacy&severity=S4"),
    Visit("investigator", "/console/queue/?tab=all"),
    Visit("investigator", _CASE + "{worked}/", (
        *(_dialog(verb) for verb in ("assign", "severity", "evidence", "merge", "close", "protect", "decide",
                                     "lift", "reveal", "custody")),
        "#case-more > summary", "[data-graph-expand]", "[data-evidence] [data-show]",
        "summary:has-text('Write to the reporter')", "!#note-form",
    )),
    Visit("investigator", _CASE + "{flagged}/", (_dialog("alert"), _dialog("why"), _dialog("decide"))),
    Visit("investigator", _CASE + "{worked}/links/", ("[data-graph-expand]",)),
    Visit("investigator", _CASE + "{worked}/decide/", ("!main form",)),
    Visit("investigator", _CASE + "{worked}/evidence/", ("!main form",)),
    *(
        Visit("investigator", _CASE + "{worked}/" + verb)
        for verb in ("assign/", "note/", "severity/", "protect/", "merge/")
    ),
    Visit("investigator", _CASE + "{worked}/close/", ("!main form",)),
    Visit("investigator", _CASE + "{worked}/lift/?action={measure}"),
    Visit("investigator", _CASE + "{worked}/message/?report={report}", ("!main form",)),
    Visit("investigator", _CASE + "{flagged}/alert/?alert={alert}"),
    Visit("investigator", _CASE + "{flagged}/why/?alert={alert}"),
    Visit("investigator", _CASE + "{worked}/reveal/{subject}/phone/", ("!main form",)),
    Visit("second_supervisor", _CASE + "{second}/second-reading/?decision={proposed}"),
    Visit("second_supervisor", _CASE + "{decided}/reverse/?decision={decision}"),
    Visit("second_supervisor", _CASE + "{decided}/letter/?letter={notice}"),
    Visit("supervisor", _CASE + "{closed}/reopen/"),
    Visit("specialist", _CASE + "{open}/glass/"),
    Visit("specialist", _CASE + "{open}/", (_dialog("glass"),)),
    Visit("supervisor", _CASE + "{second}/"),
    Visit("incident_commander", _CASE + "{glass}/"),
    Visit("second_supervisor", _CASE + "{second}/", (_dialog("second-reading"),)),
    Visit("second_supervisor", _CASE + "{decided}/", (_dialog("reverse"),)),
    Visit("supervisor", _CASE + "{closed}/", (_dialog("reopen"),)),
    Visit("auditor", _CASE + "{worked}/"),
    # people, alerts, appeals
    Visit("supervisor", "/console/alerts/"),
    Visit("supervisor", "/console/alerts/?state=unsettled"),
    Visit("supervisor", "/console/alerts/precision/"),
    Visit("supervisor", "/console/questions/", (
        '!form[action="/console/questions/"]', 'details:has-text("Features") > summary',
    )),
    Visit("supervisor", "/console/questions/{question}/"),
    Visit("supervisor", "/console/lookup/"),
    Visit("supervisor", "/console/lookup/?q={customer}"),
    Visit("supervisor", "/console/lookup/?q=nobody-at-all"),
    Visit("supervisor", "/console/entity/customer/{customer}/", ("#features summary",)),
    Visit("supervisor", "/console/entity/order/{order}/"),
    Visit("appeals_reviewer", "/console/appeals/?tab=all"),
    Visit("supervisor", "/console/appeals/?tab=mine"),
    Visit("appeals_reviewer", "/console/appeals/{appeal}/"),
    Visit("appeals_reviewer", "/console/appeals/{heard}/", ('!form[action$="/answer/"]',)),
    Visit("appeals_reviewer", "/console/appeals/{answered}/"),
    Visit("supervisor", "/console/appeals/{appeal}/"),
    # govern and run
    Visit("policy_manager", "/console/policies/", ("main summary",)),
    Visit("policy_manager", "/console/policies/?q=nothing-like-it"),
    Visit("rules_engineer", "/console/rules/"),
    Visit("rules_engineer", "/console/rules/new/", ("!main form",)),
    Visit("rules_engineer", "/console/rules/{rule}/", ('!form[action$="/step/"]',)),
    Visit("rules_engineer", "/console/rules/{mistaken}/"),
    Visit("supervisor", "/console/rules/{rule}/"),
    Visit("auditor", "/console/rules/card_testing/"),
    Visit("rules_engineer", "/console/models/", ('!form[action="/console/models/"]',)),
    Visit("rules_engineer", "/console/models/{model}/"),
    Visit("rules_engineer", "/console/detectors/", ('!form[action="/console/detectors/"]',)),
    Visit("supervisor", "/console/detectors/{detector}/"),
    Visit("auditor", "/console/detectors/{detector}/"),
    Visit("rules_engineer", "/console/indicators/"),
    Visit("auditor", "/console/indicators/?seen=1"),
    Visit("rules_engineer", "/console/indicators/import/", ("!main form",)),
    Visit("rules_engineer", "/console/indicators/imports/{import}/", ('!form[action$="/use/"]',)),
    Visit("rules_engineer", "/console/indicators/{indicator}/", ('!form[action$="/recall/"]',)),
    Visit("investigator", "/console/indicators/{recalled}/"),
    Visit("rules_engineer", "/console/lists/", ('!form[action$="/add/"]',)),
    Visit("rules_engineer", "/console/lists/{list}/", ("main summary",)),
    Visit("privacy_officer", "/console/access/", ('!form[action$="/review/"]',)),
    Visit("auditor", "/console/audit/"),
    Visit("auditor", "/console/audit/?verb=nothing.like.it"),
    Visit("administrator", "/console/undelivered/"),
    Visit("administrator", "/console/staff/", (
        '!form[action="/console/staff/"]', '!form[action="/console/staff/keys/"]',
    )),
    Visit("trainer", "/console/purpose/"),
    Visit("trainer", "/console/keys/", ('!form[action="/console/keys/"]',)),
    # refusals
    Visit("support_agent", "/console/queue/"),
    Visit("vetting_analyst", "/console/case/C-NOWHERE/"),
    Visit("le_liaison", "/console/case/C-000000/"),
    Visit("rules_engineer", "/console/alerts/"),
)  # fmt: skip

_PART = "a part of a page, seen where it is opened"
_ACT = "takes what a form sends, and goes on to a page"
_ON = "goes on to another page"
_DATA = "data for scripts or a file, no page"
_OFF = "not for staff here: goes on to another page"
_CARRIER = "what a carrier of the telephone line calls, signed"
_ELSEWHERE = "belongs to the conversation with a provider of single sign-on"

NO_PAGE = {
    "": _ON,
    **dict.fromkeys(("help:leave", "help:end", "console:home"), _ON),
    **dict.fromkeys(("help:hours", "help:score", "console:case_graph", "console:entity_graph"), _DATA),
    **dict.fromkeys(("console:palette", "console:export", "console:evidence", "ui:healthz"), _DATA),
    "console:question_export": _DATA,
    "mfa_download_recovery_codes": _DATA,
    **dict.fromkeys(("line:incoming", "line:go-on", "line:message", "line:over", "line:safe"), _CARRIER),
    **dict.fromkeys(("help:message", "help:unsafe", "help:withdraw", "console:take"), _ACT),
    **dict.fromkeys(("console:appeal_take", "console:appeal_answer", "console:appeal_hand_on"), _ACT),
    **dict.fromkeys(("console:resend", "console:make_key", "console:revoke_key", "set_language"), _ACT),
    "console:revoke_own_key": _ACT,
    **dict.fromkeys(("console:step_model", "console:compare_model"), _ACT),
    **dict.fromkeys(("console:write_rule", "console:ask_rule", "console:step_rule"), _ACT),
    "console:rule_names": _DATA,
    **dict.fromkeys(("console:snooze_rule", "console:step_detector"), _ACT),
    **dict.fromkeys(("console:use_indicators", "console:recall_indicator"), _ACT),
    **dict.fromkeys(("console:compare_indicators", "console:add_to_list", "console:remove_from_list"), _ACT),
    "console:share_indicators": _DATA,
    **dict.fromkeys(("console:review_glass", "mfa_login_webauthn"), _ACT),
    **{
        f"console:{name}": _PART
        for name in (
            "nav", "queue_rows", "case_body", "here", "support", "proposal", "custody", "rule_problems",
            "question_problems", "entity_features",
        )
    },
    **{
        f"account_{name}": _OFF
        for name in (
            "set_password", "confirm_login_code",
        )
    },
    **dict.fromkeys(("socialaccount_signup", "openid_connect_login", "openid_connect_callback"), _ELSEWHERE),
}  # fmt: skip


def every_address() -> Iterator[str]:
    """The name of every address but those of the API, which have a document of their own."""
    yield from _names(get_resolver(), "")


def _names(resolver: Any, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if not isinstance(pattern, URLResolver):
            yield prefix + (pattern.name or "")
        elif pattern.namespace != "api" and str(pattern.pattern) != "v1/":
            yield from _names(pattern, prefix + (f"{pattern.namespace}:" if pattern.namespace else ""))
