"""Who and what a report is about, as far as we can tell. What an unknown person says stays a claim.

The marketplace's own system and our staff vouch for the accounts they name. Somebody on the public page
does not: an order number they type is looked up, but *their* account is only written into the report when
the phone or e-mail they give is a live contact of the account that took part in that order. So nobody can
have a stranger's account locked by claiming to be them.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from tocsin.core.actor import Actor
from tocsin.core.crypto.normal import normal_email, normal_phone
from tocsin.core.crypto.seal import blind_index
from tocsin.core.errors import InvalidInput
from tocsin.domains.people.models import Account, ContactPoint, Order
from tocsin.domains.reports.report_input import ReporterInput, ReportInput
from tocsin.domains.reports.taxonomy import current

#: In these groups the person on the other side of the order is who the report is about.
_ABOUT_THE_OTHER_SIDE = ("CON.", "DIS.", "FRD-C.", "FRD-W.")
#: In these groups only a person of this role can be meant, whoever reports.
_ROLE_MEANT = {
    "FRD-C.": "customer",
    "FRD-W.": "shopper",
    "SAF.impaired_driving": "shopper",
    "SAF.reckless_driving": "shopper",
}


@dataclass(frozen=True, slots=True)
class Claims:
    """The accounts and the order of a report. ``verified`` says whether we know that the reporter is who they
    say."""

    order: Order | None
    reporter: Account | None
    subject: Account | None
    verified: bool
    region: str
    zone: str


def settle(actor: Actor, report: ReportInput, *, region: str, zone: str) -> Claims:
    """Look everything up that the report names. ``region`` and ``zone`` hold when nothing says better.

    Raises:
        InvalidInput: the marketplace names a subject it never told us about.
    """
    order = _order(report.order)
    vouched = actor.kind in ("api_key", "staff", "system")
    reporter = (
        _vouched_reporter(report.reporter, order) if vouched else _proven_reporter(report.reporter, order)
    )
    subject = _subject(report, order, reporter, vouched)
    where = _where(order, subject, reporter)
    place = report.region or (where[0] if where else "") or region
    return Claims(
        order=order,
        reporter=reporter,
        subject=subject,
        verified=reporter is not None,
        region=place,
        zone=report.zone or (where[1] if where else "") or zone,
    )


def zone_of_order(typed: str) -> str:
    """The zone an order was carried out in, or nothing: for reading the hours people give.

    Tells nothing else.
    """
    order = _order(typed)
    return order.zone if order is not None and order.region else ""


def _order(typed: str) -> Order | None:
    """The order whose id was typed, or stands in the link that was pasted."""
    named = _ids_in(typed)
    rows = Order.objects.select_related("customer__party", "shopper__party").filter(external_id__in=named)
    return min(rows, key=lambda order: named.index(order.external_id), default=None)


def _ids_in(typed: str) -> list[str]:
    """What may be an order id: the text itself, or the parts of a link, the last ones first."""
    text = typed.replace("\0", "").strip().lstrip("#")
    if "/" not in text:
        return [text] if text else []
    link = urlsplit(text)
    values = [value for values in parse_qs(link.query).values() for value in values]
    parts = [unquote(part) for part in link.path.split("/") if part]
    return [*values, *reversed(parts)][:20]


def _account(role: str, external_id: str) -> Account | None:
    if role not in (Account.Role.CUSTOMER, Account.Role.SHOPPER) or not external_id:
        return None
    return Account.objects.select_related("party").filter(role=role, external_id=external_id).first()


def _vouched_reporter(who: ReporterInput, order: Order | None) -> Account | None:
    """The account named; without a name, the one of this role in the order."""
    if who.account:
        return _account(who.kind, who.account)
    return _side(order, who.kind)


def _proven_reporter(who: ReporterInput, order: Order | None) -> Account | None:
    """The account of this role in the order, when a contact that was given is one of its own."""
    account = _side(order, who.kind)
    if account is None:
        return None
    country = account.region.split("-")[0] or "ZZ"
    for kind, value in (("email", normal_email(who.email)), ("phone", normal_phone(who.phone, country))):
        if (
            value
            and ContactPoint.objects.filter(
                party=account.party, kind=kind, lookup=blind_index(kind, value), retired_at=None
            ).exists()
        ):
            return account
    return None


def _side(order: Order | None, role: str) -> Account | None:
    if order is None:
        return None
    return {"customer": order.customer, "shopper": order.shopper}.get(role)


def _subject(
    report: ReportInput, order: Order | None, reporter: Account | None, vouched: bool
) -> Account | None:
    if report.subject is not None:
        named = _account(report.subject.kind, report.subject.id)
        if named is None and vouched:
            raise InvalidInput(
                f"We do not know a {report.subject.kind} with this id.",
                "Tell us about the account first (PUT /v1/entities), or leave the subject out.",
                fields={"subject.id": "There is no such account."},
            )
        return named
    role = _role_meant(report)
    return _side(order, role) if role else None


def _role_meant(report: ReportInput) -> str:
    """The role of the person a report is about; empty when it is about nobody, or nobody can tell."""
    for code in report.all_codes():
        for group, role in _ROLE_MEANT.items():
            if code.startswith(group):
                # a shopper who reports a danger on the road is not the driver they mean
                return "" if group.startswith("SAF.") and role == report.reporter.kind else role
        entry = current().find(code)
        about_somebody = entry is not None and "unmatch" in entry.protect
        if code.startswith(_ABOUT_THE_OTHER_SIDE) or about_somebody:
            return {"customer": "shopper", "shopper": "customer"}.get(report.reporter.kind, "")
    return ""


def _where(*things: Order | Account | None) -> tuple[str, str] | None:
    return next(((one.region, one.zone) for one in things if one is not None and one.region), None)
