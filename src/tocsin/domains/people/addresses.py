"""The addresses behind destinations such as ``contact:<id>``, looked up when a message leaves."""

from __future__ import annotations

from tocsin.core.crypto.seal import open_text
from tocsin.core.outbox.parcels import address_of
from tocsin.domains.people.models import ContactPoint


@address_of("contact")
def address_of_contact(contact_id: str) -> str:
    """The e-mail address or phone number of a contact point; empty once it was retired.

    Raises:
        Shredded: the person was erased.
    """
    point = ContactPoint.objects.select_related("party").filter(pk=contact_id, retired_at=None).first()
    if point is None:
        return ""
    return open_text(point.party.key_scope, f"contact:{point.kind}", point.value_sealed)
