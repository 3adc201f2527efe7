"""What an alert turned out to be: said by whoever may know of the case it stands in."""

from __future__ import annotations

from tocsin.core.access.check import Scope, require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.domains.cases.access import may_see
from tocsin.domains.cases.models import Case, CaseAlert
from tocsin.domains.detection.actions import DISPOSITIONS, settle
from tocsin.domains.detection.models import Alert

_PERMISSION = "alerts.disposition"


def own_alert(case: Case, alert_id: str) -> Alert:
    """An alert of this case. Raises NotFound."""
    link = case.alert_links.select_related("alert").filter(alert_id=alert_id).first()
    if link is None:
        raise NotFound("That alert is not part of this case.", "Reload the case.")
    return link.alert


def disposition(actor: Actor, alert_id: str, state: str) -> Alert:
    """Say whether an alert was right. Makes a label on its subject.

    Raises:
        NotFound: there is none, or none the actor may know of. AccessDenied: not theirs to say.
        Conflict: it was said before, by somebody else, differently.
    """
    if state not in DISPOSITIONS:
        raise InvalidInput(f"An alert is {' or '.join(DISPOSITIONS)}, not {state!r}.", "Choose one of them.")
    with act(actor, "alert.disposition") as work:
        case_id = _check_case(work, actor, alert_id)
        alert = work.lock(Alert, alert_id)
        require(actor, _PERMISSION, Scope(region=alert.region))
        if f"{alert.subject_kind}:{alert.subject_id}" in actor.kept_from:
            raise AccessDenied(
                "You are connected with this matter, so it is kept apart from you.",
                "Ask your supervisor to give it to somebody else.",
                permission=_PERMISSION, reason="walled_off",
            )  # fmt: skip
        if alert.state in DISPOSITIONS:
            if alert.state == state:
                return alert
            raise Conflict(f"This alert was already {alert.state}.", "Reload to see by whom.")
        settle(work, alert, state)
        if case_id:
            work.emit(f"alert.{state}", {"alert": alert.pk, "case": case_id})
    return alert


def _check_case(work: Work, actor: Actor, alert_id: str) -> str:
    """The walls and the sensitivity of the case hold for its alerts too. Locks the case, which comes before
    its alerts, and returns its id; an alert that became no case yet has none."""
    held = CaseAlert.objects.filter(alert_id=alert_id).values_list("case_id", flat=True).first()
    if held is None:
        return ""
    try:
        may_see(actor, work.lock(Case, held), _PERMISSION)
    except NotFound:
        raise NotFound("There is no such alert.", "Check the identifier.") from None
    return str(held)
