"""A call becomes a report, and recordings become its evidence."""

from __future__ import annotations

from tocsin.core.actor import Actor
from tocsin.core.crypto.normal import normal_phone
from tocsin.core.crypto.seal import blind_index
from tocsin.domains.line.call_state import CallState
from tocsin.domains.line.house import House
from tocsin.domains.people.models import ContactPoint, Order
from tocsin.domains.reports import actions, following
from tocsin.domains.reports.filing import Filed
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.report_input import ReportInput

CALLER = Actor("reporter", "phone", "Somebody on the telephone", purpose="self_service", via="phone")

#: What a caller chose weighs at least this much until somebody has heard what they said [D].
FLOORS = {"emergency": "S0", "safety": "S1", "fraud": "S2", "conduct": "S2", "privacy": "S2"}
_CHOSE = {
    "en": "Told on the telephone, where the caller chose: {trouble}. What was said is in the recording, when "
    "there is one.",
    "es": "Contado por teléfono; quien llamó eligió: {trouble}. Lo que dijo está en la grabación, si la hay.",
}
_TROUBLES = {
    "en": {
        "emergency": "danger", "safety": "safety", "fraud": "fraud or account", "conduct": "conduct",
        "privacy": "privacy", "delivery": "delivery", "else": "everything else",
    },
    "es": {
        "emergency": "peligro", "safety": "seguridad", "fraud": "fraude o cuenta", "conduct": "conducta",
        "privacy": "datos personales", "delivery": "entrega", "else": "todo lo demás",
    },
}  # fmt: skip
_FLOOR = "The caller chose this on the telephone, and nobody has heard yet what they said."
_UNSAFE = "The caller pressed the key for danger on the telephone."
#: A message nobody has heard weighs as much as somebody who says that they are not safe [D].
_MESSAGE_FLOOR = "S1"
_MESSAGE_WHY = "This was left as a message on the telephone, and nobody has heard it yet."
_MESSAGE = {
    "en": "Left as a message on the telephone. What was said is in the recording.",
    "es": "Dejado como mensaje por teléfono. Lo que se dijo está en la grabación.",
}
_ADDED = {
    "en": "Something was added on the telephone. What was said is in the recording.",
    "es": "Se agregó algo por teléfono. Lo que se dijo está en la grabación.",
}


def file_call(state: CallState, caller: str, house: House) -> Filed:
    """File what the keys said. The number shown by the carrier leads to a live order as a claim; it is not
    handed on as the reporter's telephone, because there it would count as proof of who they are."""
    tongue = state.language if state.language in _CHOSE else "en"
    told = ReportInput(
        narrative=_CHOSE[tongue].format(trouble=_TROUBLES[tongue][state.trouble]),
        language=state.language,
        safe_now=state.safe,
        access_mode="silent" if state.silent else "",
        order=_live_order(caller, house) if state.live == "yes" else "",
        aggravators=["live_delivery"] if state.live == "yes" else [],
    )
    return _file(told, house, FLOORS.get(state.trouble, "S4"), _FLOOR)


def file_message(language: str, house: House) -> Filed:
    """File a message that was left while the call flow could not be reached."""
    told = ReportInput(narrative=_MESSAGE.get(language, _MESSAGE["en"]), language=language)
    return _file(told, house, _MESSAGE_FLOOR, _MESSAGE_WHY)


def _file(told: ReportInput, house: House, floor: str, why: str) -> Filed:
    filed = actions.file_report(CALLER, channel="phone", data=told, region=house.region, zone=house.zone)
    if floor < filed.report.severity:
        raised = actions.raise_severity(following.reporter(filed.report), filed.report.pk, floor, why)
        filed.report.severity = raised.severity
    return filed


def raise_unsafe(report: Report) -> None:
    """The caller is in danger. Nothing changes when that was known."""
    if report.severity != "S0":
        actions.raise_severity(following.reporter(report), report.pk, "S0", _UNSAFE)


def say_added(report: Report, language: str) -> None:
    """Tell whoever works on it that there is more to hear."""
    text = _ADDED.get(language, _ADDED["en"])
    actions.add_message(following.reporter(report), report.pk, text, channel="phone")


def _live_order(caller: str, house: House) -> str:
    """The one order under way of whoever has this telephone; nothing when there are none or several."""
    number = normal_phone(caller, house.region.split("-")[0]) if caller else None
    if number is None:
        return ""
    parties = ContactPoint.objects.filter(
        kind="phone", lookup=blind_index("phone", number), retired_at=None
    ).values("party")
    live = Order.objects.filter(status__in=Order.LIVE)
    of_them = live.filter(customer__party__in=parties) | live.filter(shopper__party__in=parties)
    found = list(of_them.values_list("external_id", flat=True).distinct()[:2])
    return found[0] if len(found) == 1 else ""
