"""The two people a case keeps apart: one customer and one shopper."""

from __future__ import annotations

from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.people.models import Account

_NEAREST = (
    CaseParty.Part.SUBJECT,
    CaseParty.Part.REPORTER,
    CaseParty.Part.AFFECTED,
    CaseParty.Part.WITNESS,
)


def pair_of(case: Case) -> tuple[Account, Account] | None:
    """(customer, shopper) of a case, or None when one of them is missing.

    Where there are several, whom it is about and who reported come before whoever else is in it.
    """
    parties = sorted(
        case.parties.select_related("account"), key=lambda row: _NEAREST.index(CaseParty.Part(row.part))
    )
    first: dict[str, Account] = {}
    for party in parties:
        first.setdefault(party.account.role, party.account)
    if Account.Role.CUSTOMER in first and Account.Role.SHOPPER in first:
        return first[Account.Role.CUSTOMER], first[Account.Role.SHOPPER]
    return None
