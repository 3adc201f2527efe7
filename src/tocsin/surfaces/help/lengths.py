"""How long something takes, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.core.clocks.spec import ClockSpec


def within(spec: ClockSpec) -> str:
    """The length of a clock, such as "within 15 minutes" or "the same day"."""
    count = spec.amount
    if spec.basis in ("calendar_days", "business_days") and count == 0:
        return _("the same day")
    words = {
        "seconds": ngettext("within %(count)s second", "within %(count)s seconds", count),
        "minutes": ngettext("within %(count)s minute", "within %(count)s minutes", count),
        "hours": ngettext("within %(count)s hour", "within %(count)s hours", count),
        "calendar_days": ngettext("within %(count)s day", "within %(count)s days", count),
        "business_days": ngettext("within %(count)s business day", "within %(count)s business days", count),
        "months": ngettext("within %(count)s month", "within %(count)s months", count),
    }
    return words[spec.basis] % {"count": count}
