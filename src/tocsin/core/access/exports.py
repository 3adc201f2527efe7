"""How much one person may carry away."""

from __future__ import annotations

from django.conf import settings

from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, TooManyAttempts
from tocsin.core.ratelimit import take

_DAY_S = 24 * 3600


def check_cap(actor: Actor, count: int) -> None:
    """Count ``count`` records towards the actor's daily cap (``TOCSIN_EXPORT_CAP``), before exporting them.

    Slicing an export does not help: the cap is for the day, and fills up again evenly. Call it before opening
    the transaction of the export.

    Raises:
        AccessDenied: with the reason ``export_cap``. ``record_refusal`` writes it down and alerts at once.
    """
    cap: int = settings.TOCSIN_EXPORT_CAP
    if actor.kind == "system":
        return
    try:
        take(f"export:{actor.ref}", cap, _DAY_S, cost=count)
    except TooManyAttempts:
        raise AccessDenied(
            f"This would export {count} records, and {cap} a day is the most.",
            "Export less, or ask the privacy officer to have it done under their eyes.",
            permission="cases.export",
            reason="export_cap",
        ) from None
