"""What the line says and decides by, from outside of a call: who we are, and who is at the desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.domains.line.call_state import Facts
from tocsin.domains.reports.models import Severity


@dataclass(frozen=True, slots=True)
class House:
    """``opens`` says, for severities nobody is at the desk for, when somebody is there again."""

    brand: str
    emergency_number: str
    region: str
    zone: str
    opens: Mapping[str, dt.datetime]

    def facts(self) -> Facts:
        """What the call flow needs of it."""
        return Facts(frozenset(one for one in Severity.values if one not in self.opens))
