"""Form fields made from the taxonomy's facts: each asks in its own words and says why."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from tocsin.domains.reports.report_input import LONGEST_ANSWER, LONGEST_NARRATIVE
from tocsin.domains.reports.taxonomy_form import Fact
from tocsin.surfaces.help.content import said

#: Facts that fit on one line; the others get room to write.
_ONE_LINE = {
    "caller_number",
    "card_last4",
    "lot",
    "police_number",
    "vehicle",
    "direction",
    "place",
    "charge_amount",
}
#: A shorter length than any answer may have, by fact (see ``report_input``).
_LONGEST = {
    "contact_rules": 500,
    "injuries": 2000,
    "narrative": LONGEST_NARRATIVE,
    "order": 500,
    "place": 500,
    "police_number": 60,
    "wanted_outcome": 2000,
}
MOST_FILES = 10


class LocalMoment(forms.Field):
    """A day and an hour as a clock on the wall shows it: the zone is added where the order or the place is
    known.

    Gives a naive ``datetime``.
    """

    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
    default_error_messages = {
        "invalid": _("Write the day and the hour like 2026-03-01 17:30, or leave it empty."),
    }

    def to_python(self, value: Any) -> dt.datetime | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        if moment.tzinfo is not None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return moment


class ManyFilesInput(forms.ClearableFileInput):
    """Lets several files be chosen at once."""

    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class ManyFiles(forms.FileField):
    """Up to ten files. What is in them is looked at when they are taken in, not here."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        if len(given) > MOST_FILES:
            raise ValidationError(
                _("You chose %(count)s files, and %(most)s can be sent at once. Add the rest afterwards.")
                % {"count": len(given), "most": MOST_FILES}
            )
        return [one for one in given if one]


def field_for(fact: Fact) -> forms.Field:
    """The form field of one fact. Nothing but the narrative is ever required."""
    common: dict[str, Any] = {
        "required": fact.key == "narrative",
        "label": said(fact.label),
        "help_text": said(fact.why),
    }
    if fact.kind == "choice":
        choices = [(choice.value, said(choice.label)) for choice in fact.choices]
        return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **common)
    if fact.kind == "datetime":
        return LocalMoment(**common)
    longest = _LONGEST.get(fact.key, LONGEST_ANSWER)
    return forms.CharField(max_length=longest, widget=_widget(fact), error_messages=_words(fact), **common)


def _words(fact: Fact) -> dict[str, Any]:
    longest = _LONGEST.get(fact.key, LONGEST_ANSWER)
    return {
        "required": _("Please say in a few words what happened. One sentence is enough."),
        "max_length": _(
            "This is longer than the %(limit)s characters that fit. Send the first part and "
            "add the rest afterwards."
        )
        % {"limit": longest},
    }


def _widget(fact: Fact) -> forms.Widget:
    attributes: dict[str, Any] = {}
    if fact.key == "card_last4":
        attributes = {"inputmode": "numeric", "autocomplete": "off"}
    elif fact.kind == "money":
        attributes = {"inputmode": "decimal", "autocomplete": "off"}
    elif fact.kind == "order":
        attributes = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
    if fact.key in _ONE_LINE or fact.kind in ("money", "order"):
        return forms.TextInput(attrs=attributes)
    return forms.Textarea(attrs={"rows": 7 if fact.key == "narrative" else 2, **attributes})
