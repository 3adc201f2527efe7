"""What the words of a report suggest when it comes in: a graver severity, and codes beside the alleged.

The suggestion is kept apart: alleged codes stay as the reporter chose them, found codes are a person's. Its
words are the reporter's own, so it lies in the sealed details; the open reasons hold no words of the text.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.domains.reports.text_triage import Reading
from tocsin.domains.reports.triage import Reason, Triage

#: The reader raises a filed report to these only. What it thinks of lesser harm is shown and changes nothing.
_RAISES_TO = ("S0", "S1")


def raised(found: Triage, reading: Reading) -> Triage:
    """The triage with what the text adds to it; never less severe than before."""
    more = [
        Reason(one.rule, one.severity, one.text)
        for one in reading.reasons
        if one.severity in _RAISES_TO and one.severity < found.severity
    ]
    if not more:
        return found
    return msgspec.structs.replace(
        found,
        severity=min(one.severity for one in more),
        reasons=(*found.reasons, *more),
        routed="",
    )


def as_data(reading: Reading) -> dict[str, Any]:
    """The suggestion as the details keep it: {codes, severity, confidence, unclear, reasons}."""
    return dict(msgspec.to_builtins(reading))
