"""Numbers as people read them: money, and the time left on a clock."""

from __future__ import annotations

from datetime import timedelta

from django.utils import formats
from django.utils.translation import gettext as _

#: Currencies whose minor unit is not a hundredth (exponents of ISO 4217, list one).
_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}

#: Seconds left from which a clock is shown as urgent (red) and as soon due (amber, ticking by the second).
HOT, WARM = 3600, 4 * 3600


def minor_places(currency: str) -> int:
    """How many digits of an amount in minor units stand behind the point."""
    return _EXPONENTS.get(currency, 2)


def money(minor: int, currency: str) -> str:
    """An amount in minor units as text in the reader's language: ``money(-1234, "USD")`` is ``−$12.34``."""
    places = minor_places(currency)
    whole, part = divmod(abs(minor), 10**places)
    digits = f"{whole}.{part:0{places}d}" if places else str(whole)
    number = formats.number_format(digits, decimal_pos=places, use_l10n=True, force_grouping=True)
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    return f"{'−' if minor < 0 else ''}{symbol}{number}"


def span(seconds: float) -> str:
    """A length of time, the finer the shorter: ``3d 04h``, ``5h 58m``, ``00:41:12``. The sign is dropped."""
    whole = int(abs(seconds))
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, secs = divmod(rest, 60)
    if days:
        return f"{days}d {hours:02d}h"
    if whole >= WARM:
        return f"{hours}h {minutes:02d}m"
    return f"{hours:02d}:{minutes:02d}:{secs:02d}"


def time_left(left: timedelta) -> tuple[str, str]:
    """What a running clock shows: (text, tone). Tones: ``late``, ``hot``, ``warm`` or empty."""
    seconds = left.total_seconds()
    if seconds < 0:
        return _("%(span)s late") % {"span": span(seconds)}, "late"
    tone = "hot" if seconds < HOT else "warm" if seconds < WARM else ""
    return span(seconds), tone
