"""Every address of every surface, and who may come through its door. A new address without a row here fails
``test_access_matrix.py``.

Who a permission belongs to is in ``core/access/permissions.py``, and the handbook's own table is held against
it by hand in ``tests/core/access/test_matrix.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Doors that ask for no permission.
ANYBODY = "anybody"
#: A member of staff who is signed in, with whatever role, before the second factor too.
SIGNED_IN = "signed in"
#: Nothing happens here by itself: an address between two steps of signing in, or one that is switched off.
NOBODY = "nobody"

_CASE = "console/case/<str:reference>/"
_EVIDENCE = "console/evidence/<str:evidence_id>/"
_APPEAL = "console/appeals/<str:appeal_id>/"
_ENTITY = "console/entity/<str:kind>/<str:entity_id>/"
_QUESTION = "console/questions/<str:question_id>/"
_DETECTOR = "console/detectors/<str:name>/"
_IMPORT = "console/indicators/imports/<str:import_id>/"
_INDICATOR = "console/indicators/<str:indicator_id>/"
_LIST = "console/lists/<str:list_name>/"
_RULE = "console/rules/<str:name>/"

#: What the console asks for: permission of a GET, permission of a POST; empty where there is none.
CONSOLE: dict[str, tuple[str, str]] = {
    "console/": ("policies.view", ""),
    "console/nav/": ("policies.view", ""),
    "console/palette.json": ("policies.view", ""),
    "console/keys/": ("policies.view", "policies.view"),
    "console/keys/revoke/": ("", "policies.view"),
    "console/purpose/": ("policies.view", "policies.view"),
    "console/policies/": ("policies.view", ""),
    "console/queue/": ("cases.view", ""),
    "console/queue/rows/": ("cases.view", ""),
    "console/export/": ("cases.export", ""),
    _CASE: ("cases.view", ""),
    _CASE + "body/": ("cases.view", ""),
    _CASE + "here/": ("cases.view", ""),
    _CASE + "support/": ("cases.view", ""),
    _CASE + "links.json": ("cases.view", ""),
    _CASE + "links/": ("cases.view", "evidence.add"),
    _CASE + "decide/": ("cases.work", "cases.work"),
    _CASE + "proposal/": ("cases.work", ""),
    _CASE + "take/": ("", "cases.assign"),
    _CASE + "assign/": ("cases.assign", "cases.assign"),
    _CASE + "note/": ("cases.work", "cases.work"),
    _CASE + "message/": ("cases.message", "cases.message"),
    _CASE + "severity/": ("cases.severity_raise", "cases.severity_raise"),
    _CASE + "protect/": ("cases.protect", "cases.protect"),
    _CASE + "lift/": ("cases.protect", "cases.protect"),
    _CASE + "close/": ("cases.close", "cases.close"),
    _CASE + "reopen/": ("cases.work", "cases.work"),
    _CASE + "merge/": ("cases.close", "cases.close"),
    _CASE + "second-reading/": ("cases.second_read", "cases.second_read"),
    _CASE + "reverse/": ("decisions.reverse", "decisions.reverse"),
    _CASE + "alert/": ("alerts.disposition", "alerts.disposition"),
    _CASE + "why/": ("cases.view", ""),
    _CASE + "letter/": ("cases.view", ""),
    _CASE + "glass/": ("access.break_glass", "access.break_glass"),
    _CASE + "evidence/": ("evidence.add", "evidence.add"),
    _CASE + "reveal/<str:account_id>/<str:field>/": ("people.reveal", "people.reveal"),
    _EVIDENCE: ("evidence.view", ""),
    _EVIDENCE + "custody/": ("evidence.view", ""),
    "console/alerts/": ("alerts.view", ""),
    "console/alerts/precision/": ("alerts.view", ""),
    "console/appeals/": ("appeals.view", ""),
    _APPEAL: ("appeals.view", ""),
    _APPEAL + "take/": ("", "appeals.decide"),
    _APPEAL + "answer/": ("", "appeals.decide"),
    _APPEAL + "hand-on/": ("", "appeals.decide"),
    "console/lookup/": ("entities.view", ""),
    _ENTITY: ("entities.view", ""),
    _ENTITY + "links.json": ("entities.view", ""),
    _ENTITY + "features/": ("entities.view", "entities.view"),
    "console/questions/": ("entities.view", "entities.view"),
    "console/questions/problems/": ("", "entities.view"),
    _QUESTION: ("entities.view", ""),
    _QUESTION + "export/": ("cases.export", ""),
    "console/rules/": ("rules.view", ""),
    "console/rules/new/": ("rules.edit", "rules.edit"),
    "console/models/": ("rules.view", "rules.edit"),
    "console/models/step/": ("", "rules.promote"),
    "console/models/<str:name>/": ("rules.view", ""),
    "console/models/<str:name>/compare/": ("", "rules.edit"),
    "console/rules/names.json": ("rules.edit", ""),
    _RULE: ("rules.view", ""),
    _RULE + "write/": ("", "rules.edit"),
    _RULE + "problems/": ("", "rules.edit"),
    _RULE + "ask/": ("", "rules.edit"),
    _RULE + "step/": ("", "rules.promote"),
    _RULE + "snooze/": ("", "rules.promote"),
    "console/detectors/": ("rules.view", "rules.edit"),
    _DETECTOR: ("rules.view", ""),
    _DETECTOR + "step/": ("", "rules.promote"),
    "console/indicators/": ("indicators.view", ""),
    "console/indicators/import/": ("indicators.import", "indicators.import"),
    "console/indicators/share/": ("", "indicators.import"),
    "console/indicators/use/": ("", "indicators.import"),
    _IMPORT: ("indicators.view", ""),
    _IMPORT + "compare/": ("", "indicators.import"),
    _INDICATOR: ("indicators.view", ""),
    _INDICATOR + "recall/": ("", "indicators.import"),
    "console/lists/": ("lists.view", ""),
    "console/lists/add/": ("", "lists.edit"),
    _LIST: ("lists.view", ""),
    _LIST + "remove/": ("", "lists.edit"),
    "console/access/": ("access.view_log", ""),
    "console/access/review/": ("", "access.review_break_glass"),
    "console/audit/": ("audit.verify", ""),
    "console/undelivered/": ("outbox.manage", ""),
    "console/undelivered/resend/": ("", "outbox.manage"),
    "console/staff/": ("staff.manage", "staff.manage"),
    "console/staff/keys/": ("", "api_keys.manage"),
    "console/staff/keys/revoke/": ("", "api_keys.manage"),
}


@dataclass(frozen=True)
class Row:
    """An operation of the API: the scope its key needs, whether it takes a person or a system, and the
    permission behind it when a person calls; ``also``: a second one."""

    scope: str
    who: str
    permission: str
    also: str = ""


_PERSON, _SYSTEM, _BOTH = "person", "system", "anybody"
_ONE_CASE, _ONE_DECISION = "/v1/cases/{case_id}", "/v1/decisions/{decision_id}"
_HOOK = "/v1/webhooks/{endpoint_id}"

API: dict[str, Row] = {
    "GET /v1/entities/{kind}/{entity_id}": Row("entities:read", _BOTH, "entities.view"),
    "PUT /v1/entities/{kind}/{entity_id}": Row("entities:write", _BOTH, "entities.write"),
    "POST /v1/entities": Row("entities:write", _BOTH, "entities.write"),
    "POST /v1/decide": Row("decide", _SYSTEM, ""),
    "POST /v1/events": Row("events:write", _SYSTEM, ""),
    "GET /v1/events": Row("events:read", _BOTH, "entities.view"),
    "POST /v1/reports": Row("reports:write", _BOTH, "reports.file"),
    "GET /v1/reports/{number}": Row("reports:read", _BOTH, "reports.view"),
    "POST /v1/reports/{number}/messages": Row("reports:write", _BOTH, "reports.file"),
    "POST /v1/reports/{number}/evidence": Row("reports:write", _BOTH, "reports.file"),
    "GET /v1/cases": Row("cases:read", _BOTH, "cases.view"),
    f"GET {_ONE_CASE}": Row("cases:read", _BOTH, "cases.view"),
    f"GET {_ONE_CASE}/timeline": Row("cases:read", _PERSON, "cases.view"),
    f"GET {_ONE_CASE}/reports": Row("reports:read", _PERSON, "cases.view"),
    f"GET {_ONE_CASE}/clauses": Row("cases:read", _PERSON, "cases.view"),
    f"GET {_ONE_CASE}/proposal": Row("cases:read", _PERSON, "cases.view"),
    f"GET {_ONE_CASE}/alerts/{{alert_id}}/why": Row("cases:read", _PERSON, "cases.view", "alerts.view"),
    f"POST {_ONE_CASE}/assign": Row("cases:write", _PERSON, "cases.assign"),
    f"POST {_ONE_CASE}/protections": Row("cases:write", _PERSON, "cases.work"),
    f"POST {_ONE_CASE}/close": Row("cases:write", _PERSON, "cases.close"),
    f"POST {_ONE_CASE}/notes": Row("cases:write", _PERSON, "cases.work"),
    f"POST {_ONE_CASE}/messages": Row("cases:write", _PERSON, "cases.message"),
    f"POST {_ONE_CASE}/severity": Row("cases:write", _PERSON, "cases.severity_raise"),
    f"POST {_ONE_CASE}/reopen": Row("cases:write", _PERSON, "cases.work"),
    f"POST {_ONE_CASE}/merge": Row("cases:write", _PERSON, "cases.close"),
    f"POST {_ONE_CASE}/alerts/{{alert_id}}/disposition": Row("cases:write", _PERSON, "alerts.disposition"),
    f"POST {_ONE_CASE}/decisions": Row("cases:write", _PERSON, "cases.work"),
    f"POST {_ONE_DECISION}/second-reading": Row("cases:write", _PERSON, "cases.second_read"),
    f"POST {_ONE_DECISION}/reversal": Row("cases:write", _PERSON, "decisions.reverse"),
    f"GET {_ONE_DECISION}": Row("decisions:read", _BOTH, "cases.view"),
    "GET /v1/notices": Row("decisions:read", _BOTH, "cases.view"),
    f"POST {_ONE_DECISION}/appeals": Row("appeals:write", _BOTH, "appeals.lodge"),
    "GET /v1/appeals": Row("decisions:read", _PERSON, "appeals.view"),
    "GET /v1/appeals/{appeal_id}": Row("decisions:read", _PERSON, "appeals.view"),
    "POST /v1/appeals/{appeal_id}/take": Row("appeals:write", _PERSON, "appeals.decide"),
    "POST /v1/appeals/{appeal_id}/decision": Row("appeals:write", _PERSON, "appeals.decide"),
    "POST /v1/indicators": Row("indicators:write", _BOTH, "indicators.import"),
    "GET /v1/actions": Row("actions:read", _BOTH, "cases.view"),
    "POST /v1/actions/{action_id}/confirmation": Row("actions:write", _SYSTEM, ""),
    "POST /v1/actions/{action_id}/lift": Row("cases:write", _PERSON, "cases.work"),
    "POST /v1/orders/{order_id}/verifications": Row("entities:write", _SYSTEM, ""),
    "GET /v1/orders/{order_id}/verifications": Row("entities:read", _BOTH, "entities.view"),
    "GET /v1/webhooks": Row("webhooks:manage", _BOTH, "webhooks.manage"),
    "POST /v1/webhooks": Row("webhooks:manage", _BOTH, "webhooks.manage"),
    f"DELETE {_HOOK}": Row("webhooks:manage", _BOTH, "webhooks.manage"),
    f"GET {_HOOK}/deliveries": Row("webhooks:manage", _BOTH, "webhooks.manage"),
    f"POST {_HOOK}/test": Row("webhooks:manage", _BOTH, "webhooks.manage"),
    "POST /v1/webhooks/deliveries/{delivery_id}/redeliver": Row("webhooks:manage", _BOTH, "webhooks.manage"),
}

#: Everything else the web process answers.
OTHERS: dict[str, str] = {
    "": ANYBODY,
    "healthz": ANYBODY,
    "i18n/setlang/": ANYBODY,
    "v1/": ANYBODY,
    "v1/^(?P<rest>.*)$": ANYBODY,
    "v1/openapi.json": ANYBODY,
    "v1/docs": ANYBODY,
    # the help centre: what a report or a letter says takes its PIN or code, see tests/surfaces/help
    "help/": ANYBODY,
    "help/privacy/": ANYBODY,
    "help/hours.json": ANYBODY,
    "help/leave/": ANYBODY,
    "help/report/": ANYBODY,
    "help/report/<str:code>/": ANYBODY,
    "help/report/<str:code>/score/": ANYBODY,
    "help/follow-up/": ANYBODY,
    "help/follow-up/end/": ANYBODY,
    "help/follow-up/report/": ANYBODY,
    "help/follow-up/report/message/": ANYBODY,
    "help/follow-up/report/unsafe/": ANYBODY,
    "help/follow-up/report/withdraw/": ANYBODY,
    "help/notice/": ANYBODY,
    "help/notice/<str:notice_id>": ANYBODY,
    # the telephone line: each takes its carrier's signature, see tests/surfaces/line
    "line/<str:name>/call/": NOBODY,
    "line/<str:name>/status/": NOBODY,
    "line/<str:name>/message/": NOBODY,
    "line/<str:name>/safe/": ANYBODY,
    "line/<str:name>/<str:token>/": NOBODY,
    # signing in
    "accounts/login/": ANYBODY,
    "accounts/logout/": ANYBODY,
    "accounts/inactive/": ANYBODY,
    "accounts/signup/": NOBODY,
    "accounts/confirm-email/": ANYBODY,
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": ANYBODY,
    "accounts/login/code/confirm/": NOBODY,
    "accounts/password/reset/": ANYBODY,
    "accounts/password/reset/done/": ANYBODY,
    "accounts/password/reset/key/done/": ANYBODY,
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": ANYBODY,
    "accounts/2fa/authenticate/": NOBODY,
    "accounts/2fa/webauthn/login/": ANYBODY,
    "accounts/3rdparty/login/cancelled/": ANYBODY,
    "accounts/3rdparty/login/error/": ANYBODY,
    "accounts/3rdparty/signup/": NOBODY,
    "accounts/social/login/cancelled/": ANYBODY,
    "accounts/social/login/error/": ANYBODY,
    "accounts/social/signup/": NOBODY,
    "accounts/social/connections/": ANYBODY,
    "accounts/oidc/^(?P<provider_id>[^/]+)/login/": ANYBODY,
    "accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/": ANYBODY,
    # one's own account
    "accounts/reauthenticate/": SIGNED_IN,
    "accounts/email/": SIGNED_IN,
    "accounts/password/change/": SIGNED_IN,
    "accounts/password/set/": SIGNED_IN,
    "accounts/2fa/": SIGNED_IN,
    "accounts/2fa/reauthenticate/": SIGNED_IN,
    "accounts/2fa/totp/activate/": SIGNED_IN,
    "accounts/2fa/totp/deactivate/": SIGNED_IN,
    "accounts/2fa/recovery-codes/": SIGNED_IN,
    "accounts/2fa/recovery-codes/generate/": SIGNED_IN,
    "accounts/2fa/recovery-codes/download/": SIGNED_IN,
    "accounts/2fa/webauthn/": SIGNED_IN,
    "accounts/2fa/webauthn/add/": SIGNED_IN,
    "accounts/2fa/webauthn/reauthenticate/": SIGNED_IN,
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": SIGNED_IN,
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": SIGNED_IN,
    "accounts/3rdparty/": SIGNED_IN,
}

#: Open to anybody who came from the step before; others are sent there, or told so.
AFTER_A_STEP = {
    "accounts/3rdparty/login/error/",
    "accounts/2fa/webauthn/login/",
    "help/follow-up/report/",
    "accounts/logout/",
}

#: The decide host: path to scope; and what anybody may ask of it.
DECIDE = {"/v1/decide": "decide", "/v1/events": "events:write"}
PULSE = {"/healthz", "/readyz", "/metrics"}
#: The live host: topic to permission, for staff who are signed in.
LIVE = {"queue": "cases.view", "case": "cases.view"}
