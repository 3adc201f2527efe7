"""Refusals of the domains in the reader's language, by their stable codes.

What has no words here keeps its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.core.errors import DomainError, TooManyAttempts


def _report_number_check(_error: DomainError) -> str:
    return _(
        "One letter or digit is different from the number we gave out, or two have changed places. "
        "Please compare it with what you wrote down."
    )


def _report_number_length(_error: DomainError) -> str:
    return _("This number is too short or too long. It looks like TS-7K3M9-QX20D-4, or has sixteen digits.")


def _report_number_symbol(_error: DomainError) -> str:
    return _(
        "There is a sign in this number that we never use. It has only digits, and letters "
        "without I, L, O and U."
    )


def _report_number_prefix(_error: DomainError) -> str:
    return _("Our numbers begin with TS. Please compare it with what you wrote down.")


def _wrong_number_or_pin(_error: DomainError) -> str:
    return _(
        "This number and this PIN do not belong together. Check both. The PIN has six digits "
        "and was shown once, right after you sent the report. "
        "Without it you can send a new report and mention the number."
    )


def _too_many_attempts(error: DomainError) -> str:
    seconds = error.retry_after if isinstance(error, TooManyAttempts) else 60
    minutes = math.ceil(seconds / 60)
    return ngettext(
        "There were too many tries, so we have to wait a little. Nothing is lost. "
        "Try again in %(minutes)s minute. If somebody is in danger, call your emergency number now.",
        "There were too many tries, so we have to wait a little. Nothing is lost. "
        "Try again in %(minutes)s minutes. If somebody is in danger, call your emergency number now.",
        minutes,
    ) % {"minutes": minutes}


def _too_large(_error: DomainError) -> str:
    return _(
        "This file is larger than we can take. Send a smaller one, for example a photo instead of a video."
    )


def _empty_file(_error: DomainError) -> str:
    return _("This file is empty. Choose it again; it may not have been saved completely.")


def _archive_refused(_error: DomainError) -> str:
    return _("This is a packed file. Send what is in it one by one.")


def _window_closed(_error: DomainError) -> str:
    return _("The time to appeal has ended. If something new has come to light, tell us in a report.")


def _conflict(_error: DomainError) -> str:
    return _("This is no longer possible, because it was changed or decided meanwhile. Reload the page.")


_WORDS: dict[str, Callable[[DomainError], str]] = {
    "archive_refused": _archive_refused,
    "conflict": _conflict,
    "empty_file": _empty_file,
    "report_number_check": _report_number_check,
    "report_number_length": _report_number_length,
    "report_number_prefix": _report_number_prefix,
    "report_number_symbol": _report_number_symbol,
    "too_large": _too_large,
    "too_many_attempts": _too_many_attempts,
    "window_closed": _window_closed,
    "wrong_number_or_pin": _wrong_number_or_pin,
}


def in_words(error: DomainError) -> str:
    """One paragraph for the reader."""
    made = _WORDS.get(error.code)
    return made(error) if made else error.sentence()
