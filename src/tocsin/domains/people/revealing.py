"""Looking behind a mask: one value, for a reason, written down for the person it belongs to."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from tocsin.core.access.check import Scope, require
from tocsin.core.access.models import Reveal
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import Shredded
from tocsin.core.errors import InvalidInput, NotFound
from tocsin.core.ids import new_id
from tocsin.domains.people import queries, records
from tocsin.domains.people.links import LIVES_AT
from tocsin.domains.people.models import Account, Instrument, Link

FIELDS = ("access_needs", "email", "home_address", "name", "phone")
#: A reason says something; a dot or "ok" does not.
SHORTEST_REASON = 8


def reveal(actor: Actor, account_id: str, field: str, *, reason: str, case_id: str = "", scope: Scope) -> str:
    """The value of one masked field. Every call leaves a ``Reveal`` row and an audit entry.

    ``scope`` is that of the case the actor works on; a home address is of class P3, the rest P2.

    Raises:
        AccessDenied: role, purpose, region, assignment or a wall. InvalidInput: no such field, or no reason.
    """
    account = Account.objects.filter(pk=account_id).select_related("party").first()
    if account is None:
        raise NotFound("There is no such account.", "Check the link you followed.")
    require(actor, "people.reveal", scope)
    queries.require_account(actor, account, scope)
    if field not in FIELDS:
        raise InvalidInput(f"There is no masked field {field!r}.", f"Known are {', '.join(FIELDS)}.")
    if len(reason.strip()) < SHORTEST_REASON:
        raise InvalidInput(
            "Please say why you need to see this.", "A few words are enough; they are kept with your name.",
            fields={"reason": "Say in a few words why you need this."},
        )  # fmt: skip
    try:
        value = _value(account, field)
    except Shredded as error:
        raise NotFound("This person's data was erased.", "There is nothing left to see.") from error
    with act(actor, "people.reveal") as work:
        row = Reveal(
            id=new_id("rvl"), at=timezone.now(), actor=actor.ref, purpose=actor.purpose,
            object_type="people.account", object_id=account.pk, field=field, case_id=case_id,
        )  # fmt: skip
        row.reason = reason.strip()
        work.save(row, field=field, account=account.pk, case=case_id)
    return value


def _value(account: Account, field: str) -> str:
    if field in ("email", "phone"):
        return queries.contacts_of(account.party).get(field, "")
    if field == "home_address":
        return _home(account)
    held: Any = records.party_profile(account.party).get(field, "")
    return held if isinstance(held, str) else json.dumps(held, ensure_ascii=False)


def _home(account: Account) -> str:
    link = (
        Link.objects.filter(from_kind=account.role, from_id=account.external_id, relation=LIVES_AT)
        .order_by("-last_seen")
        .first()
    )
    row = Instrument.objects.filter(kind="address", external_id=link.to_id).first() if link else None
    parts = records.instrument_attributes(row) if row else {}
    return ", ".join(str(parts[name]) for name in ("line1", "unit", "postcode", "city") if parts.get(name))
