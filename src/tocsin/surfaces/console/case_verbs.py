"""What can be done with a case, one verb after the other. Each reads its form and calls one action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from tocsin.core.access.check import allows
from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.domains.cases import actions, case_alerts, merging
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.models import Case
from tocsin.domains.cases.outcomes import OUTCOMES
from tocsin.domains.enforcement import consequences, decisions, protection, reversal
from tocsin.domains.enforcement import queries as enforcement
from tocsin.domains.enforcement.ladder_steps import STEPS, said_of
from tocsin.domains.reports.models import Severity
from tocsin.surfaces.console.acting import Verb, revision_of

Values = Mapping[str, Any]


def _take(actor: Actor, case: Case, form: QueryDict) -> object:
    return actions.assign(actor, case.pk, actor.id, revision=revision_of(form))


def _assign(actor: Actor, case: Case, form: QueryDict) -> object:
    return actions.assign(actor, case.pk, form.get("staff", ""), revision=revision_of(form))


def _candidates(actor: Actor, case: Case, values: Values) -> dict[str, Any]:
    return {"candidates": cases.candidates(actor, case)}


def _note(actor: Actor, case: Case, form: QueryDict) -> object:
    return actions.add_note(actor, case.pk, form.get("text", ""))


def _message(actor: Actor, case: Case, form: QueryDict) -> object:
    question = bool(form.get("question"))
    return actions.message_reporter(
        actor, case.pk, form.get("report", ""), form.get("text", ""), question=question
    )


def _which_report(actor: Actor, case: Case, values: Values) -> dict[str, Any]:
    return {"report_id": values.get("report", "")}


def _severity(actor: Actor, case: Case, form: QueryDict) -> object:
    wanted, reason = form.get("severity", ""), form.get("reason", "")
    change = actions.raise_severity if wanted < case.severity else actions.lower_severity
    return change(actor, case.pk, wanted, reason)


def _severities(actor: Actor, case: Case, values: Values) -> dict[str, Any]:
    scope = scope_of(actor, case)
    lower = allows(actor, "cases.severity_lower", scope)
    raise_ = allows(actor, "cases.severity_raise", scope)
    choices = [
        {"value": value, "label": label, "may": raise_ if value < case.severity else lower}
        for value, label in Severity.choices
        if value != case.severity
    ]
    return {"severities": choices, "may_lower": lower}


def _protect(actor: Actor, case: Case, form: QueryDict) -> object:
    return protection.protect(actor, case.pk, form.get("type", ""), form.get("account", ""))


def _protections(actor: Actor, case: Case, values: Values) -> dict[str, Any]:
    return {
        "steps": protection.offered(actor, case),
        "subjects": enforcement.subjects(case),
        "about": enforcement.about(case),
    }


def _lift(actor: Actor, case: Case, form: QueryDict) -> object:
    return protection.lift(actor, form.get("action", ""), form.get("reason", ""))


def _which_action(actor: Actor, case: Case, values: Values) -> dict[str, Any]:
    action = case.actions.filter(pk=values.get("action", "")).select_related("account").first()
    if action is None:
        raise NotFound("This case has no such measure.", "Reload the case.")
    return {"action": action, "label": STEPS[action.type].label}


def _close(actor: Actor, case: Case, form: QueryDict) -> object:
    return actions.close(
        actor, case.pk, form.get("outcome", ""), form.get("reason", ""), revision=revision_of(form)
    )


def _outcomes(actor: Actor, case: Case, values: Values) -> dict[str, Any]:
    return {"outcomes": OUTCOMES.items(), "reports": case.report_links.count()}


def _reopen(actor: Actor, case: Case, form: QueryDict) -> object:
    return actions.reopen(actor, case.pk, form.get("reason", ""))


def _merge(actor: Actor, case: Case, form: QueryDict) -> object:
    return merging.merge(
        actor, case.pk, form.get("into", ""), form.get("reason", ""), revision=revision_of(form)
    )


def _mergeable(actor: Actor, case: Case, values: Values) -> dict[str, Any]:
    others, _hidden = cases.prior_cases(actor, case)
    return {"others": [other for other in others if other.state not in actions.OVER]}


def _second_read(actor: Actor, case: Case, form: QueryDict) -> object:
    return decisions.second_read(
        actor, form.get("decision", ""), form.get("agree") == "yes", form.get("note", "")
    )


def _which_decision(actor: Actor, case: Case, values: Values) -> dict[str, Any]:
    wanted = values.get("decision", "")
    view = next((one for one in enforcement.decisions_in(actor, case) if one.decision.pk == wanted), None)
    if view is None:
        raise NotFound("There is no such decision in this case.", "Reload the case.")
    step = view.decision.chosen_step
    return {
        "view": view,
        "label": said_of(step),
        "will": consequences.of_step(case, step["type"], step.get("feature", "")) if step else [],
    }


def _reverse(actor: Actor, case: Case, form: QueryDict) -> object:
    return reversal.reverse(actor, form.get("decision", ""), form.get("reason", ""))


def _undoing(actor: Actor, case: Case, values: Values) -> dict[str, Any]:
    return {"undoing": consequences.of_undoing(actor, case, values.get("decision", ""))}


def _alert(actor: Actor, case: Case, form: QueryDict) -> object:
    alert = case_alerts.own_alert(case, form.get("alert", ""))
    return case_alerts.disposition(actor, alert.pk, form.get("state", ""))


def _which_alert(actor: Actor, case: Case, values: Values) -> dict[str, Any]:
    return {"alert": case_alerts.own_alert(case, values.get("alert", ""))}


_F = "console/forms/"

take = Verb("cases.assign", "The case is yours.", _take).view()
assign = Verb(
    "cases.assign", "Assigned.", _assign, f"{_F}assign.html", "Give the case to somebody", _candidates
).view()
note = Verb("cases.work", "Note added.", _note, f"{_F}note.html", "Add a note", stays=True).view()
message = Verb(
    "cases.message", "Your message is on its way.", _message, f"{_F}message.html", "Write to the reporter",
    _which_report, stays=True,
).view()  # fmt: skip
severity = Verb(
    "cases.severity_raise", "Severity changed.", _severity, f"{_F}severity.html", "Change severity",
    _severities,
).view()  # fmt: skip
protect = Verb(
    "cases.protect", "Done at once. It is protective and can be undone.", _protect, f"{_F}protect.html",
    "Protect people now", _protections,
).view()  # fmt: skip
lift = Verb(
    "cases.protect", "Lifted.", _lift, f"{_F}lift.html", "Lift a protective measure", _which_action
).view()
close = Verb(
    "cases.close", "The case is closed, and its reporters are told.", _close, f"{_F}close.html",
    "Close without a decision", _outcomes,
).view()  # fmt: skip
reopen = Verb("cases.work", "The case is open again.", _reopen, f"{_F}reopen.html", "Reopen the case").view()
merge = Verb(
    "cases.close", "Merged. Everything in it moved to the other case.", _merge, f"{_F}merge.html",
    "Merge into another case", _mergeable,
).view()  # fmt: skip
second_read = Verb(
    "cases.second_read", "Your reading is recorded.", _second_read, f"{_F}second_read.html",
    "Second reading", _which_decision,
).view()  # fmt: skip
reverse = Verb(
    "decisions.reverse", "The decision is reversed, and everything it caused is undone.", _reverse,
    f"{_F}reverse.html", "Undo the decision", _undoing,
).view()  # fmt: skip
alert = Verb(
    "alerts.disposition", "Thank you. The rules learn from it.", _alert, f"{_F}alert.html",
    "Was the alert right?", _which_alert,
).view()  # fmt: skip
