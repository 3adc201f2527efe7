"""Identifiers that people read, say, type and compare."""

from tocsin.core.ids.objects import earliest_id, is_id, made_at, new_id
from tocsin.core.ids.pin import hash_pin, new_pin, verify_pin
from tocsin.core.ids.report_number import (
    InvalidReportNumber,
    from_digits,
    new_report_number,
    parse_report_number,
    to_digits,
)
from tocsin.core.ids.spoken import spoken, spoken_groups

__all__ = [
    "InvalidReportNumber",
    "earliest_id",
    "from_digits",
    "hash_pin",
    "is_id",
    "made_at",
    "new_id",
    "new_pin",
    "new_report_number",
    "parse_report_number",
    "spoken",
    "spoken_groups",
    "to_digits",
    "verify_pin",
]
