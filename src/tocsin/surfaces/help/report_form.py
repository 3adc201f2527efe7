"""The form of a report, made from the taxonomy.

What is accepted the domain decides; this only asks and repeats.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _

from tocsin.core.errors import DomainError
from tocsin.domains.reports.models import Severity
from tocsin.domains.reports.report_input import ReporterInput, ReportInput
from tocsin.domains.reports.taxonomy import Entry, current
from tocsin.domains.reports.triage import AGGRAVATORS
from tocsin.surfaces.help import content
from tocsin.surfaces.help.content import said, tongue
from tocsin.surfaces.help.fields import ManyFiles, field_for
from tocsin.surfaces.help.words import in_words

#: Facts that are given as files.
FILE_FACTS = ("evidence", "item_photo")
#: Facts that have a place of their own in a report; all others go into its facts.
_OWN_PLACE = {
    "contact_rules",
    "injuries",
    "language",
    "narrative",
    "occurred_at",
    "order",
    "place",
    "police_number",
    "police_told",
    "reporter_role",
    "safe_now",
    "wanted_outcome",
}
_ROLES = {
    "customer": "customer",
    "shopper": "shopper",
    "store_staff": "store_staff",
    "bystander": "bystander",
}


@dataclass(frozen=True)
class Asked:
    """One question; ``follow_ups`` are asked after the answer ``yes`` to it."""

    field: BoundField
    follow_ups: tuple[BoundField, ...] = ()


@dataclass(frozen=True)
class FieldGroup:
    """Questions under one heading."""

    id: str
    title: str
    intro: str
    asked: tuple[Asked, ...]
    folded: bool = False

    @property
    def opened(self) -> bool:
        """Whether a folded group has something in it that should be seen: an answer or a mistake."""
        fields = [field for asked in self.asked for field in (asked.field, *asked.follow_ups)]
        return any(field.errors or (field.value() and field.name != "language") for field in fields)


class ReportForm(forms.Form):
    """What to ask about one code of the taxonomy, in groups."""

    def __init__(self, entry: Entry, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entry = entry
        self.facts = {
            fact.key: fact for fact in current().facts_for([entry.code]) if fact.asked_by == "reporter"
        }
        for key, fact in self.facts.items():
            if key not in FILE_FACTS:
                self.fields[key] = field_for(fact)
        self.fields["language"].initial = tongue()
        for name, made in self._more_fields():
            self.fields[name] = made

    def _more_fields(self) -> Iterator[tuple[str, forms.Field]]:
        yield (
            "aggravators",
            forms.MultipleChoiceField(
                required=False,
                label=_("Does any of this apply?"),
                help_text=_("It tells us how fast we have to be."),
                widget=forms.CheckboxSelectMultiple,
                choices=[(key, said(text)) for key, text in AGGRAVATORS.items() if key != "same_offender"],
            ),
        )
        yield (
            "region",
            forms.ChoiceField(
                required=False,
                label=_("State or country"),
                choices=_place_choices(),
                help_text=_("Law and emergency numbers differ. With an order number you can leave this out."),
            ),
        )
        yield (
            "also",
            forms.MultipleChoiceField(
                required=False,
                label=_("What else?"),
                widget=forms.CheckboxSelectMultiple,
                help_text=_("Choose all that fit. You can leave this out."),
                choices=[(one.code, said(one.title)) for one in _siblings(self.entry)],
            ),
        )
        files = self.facts["evidence"]
        yield "files", ManyFiles(required=False, label=said(files.label), help_text=said(files.why))
        yield (
            "name",
            forms.CharField(
                required=False,
                max_length=200,
                label=_("Your name"),
                help_text=_("Only if you want us to know it."),
                widget=forms.TextInput(attrs={"autocomplete": "name"}),
            ),
        )
        yield (
            "email",
            forms.EmailField(
                required=False,
                max_length=254,
                label=_("Your e-mail"),
                help_text=_("We write there that there is news, never what it is about."),
                widget=forms.EmailInput(attrs={"autocomplete": "email"}),
                error_messages={
                    "invalid": _("An e-mail address looks like name@example.com. You can also leave it out.")
                },
            ),
        )
        yield (
            "phone",
            forms.CharField(
                required=False,
                max_length=40,
                label=_("Your phone"),
                help_text=_("If we may call you."),
                widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
            ),
        )

    def groups(self) -> list[FieldGroup]:
        """The questions in the order a frightened person can answer them; groups with nothing to ask are
        left out."""
        plan = [
            ("now", _("Right now"), "", ["safe_now", "still_near", "symptoms"]),
            ("what", _("What happened"), "", ["narrative", "injuries", "aggravators"]),
            (
                "where",
                _("When and where"),
                _("A guess is fine. Leave out what you do not know."),
                ["occurred_at", "order", "region", "place"],
            ),
            ("more", _("More about it"), "", []),
            ("who", _("Who was there"), "", ["other_person", "witnesses"]),
            ("also", _("Did something else happen too?"), "", ["also"]),
            ("files", _("Photos and papers"), "", ["files"]),
            (
                "you",
                _("How we reach you"),
                _("You do not have to say who you are."),
                ["reporter_role", "name", "email", "phone", "contact_rules"],
            ),
            (
                "wishes",
                _("What you need and wish"),
                "",
                ["wanted_outcome", "language", "access_needs", "advocate"],
            ),
        ]
        if self.entry.severity == Severity.S4:
            plan.insert(2, plan.pop(0))  # who misses the milk is not asked first whether they are in danger
        placed = {key for _ident, _title, _intro, keys in plan for key in keys}
        rest = [key for key in self.fields if key not in placed]
        groups = []
        for ident, title, intro, keys in plan:
            named = [key for key in (rest if ident == "more" else keys) if key in self.fields]
            needed = any(self.facts[key].required for key in named if key in self.facts)
            if named:
                folded = ident in ("more", "who", "also", "wishes") and not needed
                groups.append(FieldGroup(ident, title, intro, self._asked(named), folded))
        return groups

    def _asked(self, keys: list[str]) -> tuple[Asked, ...]:
        after: dict[str, list[BoundField]] = {}
        for key in keys:
            fact = self.facts.get(key)
            if fact is not None and fact.only_if is not None:
                after.setdefault(fact.only_if.fact, []).append(self[key])
        late = {field.name for fields in after.values() for field in fields}
        return tuple(Asked(self[key], tuple(after.get(key, ()))) for key in keys if key not in late)

    def narrative_field(self) -> BoundField:
        """The one question that needs an answer."""
        return self["narrative"]

    def to_input(self, *, notice_version: str, order_zone: str) -> ReportInput:
        """The report as the domain takes it. Call after ``is_valid``.

        ``order_zone`` is the zone of the order that was named, or empty: hours people give are of that place.
        """
        given = self.cleaned_data
        region = given.get("region") or ""
        place = content.places().get(region)
        zone = order_zone or (place.zone if place else "")
        facts = {
            key: _plain(given[key])
            for key in self.facts
            if key not in _OWN_PLACE and key not in FILE_FACTS and given.get(key)
        }
        return ReportInput(
            narrative=given["narrative"],
            codes=[self.entry.code, *given.get("also", [])],
            language=tongue(),
            reporter=ReporterInput(
                kind=_ROLES.get(given.get("reporter_role", ""), "anonymous"),  # type: ignore[arg-type]
                name=given["name"],
                email=given["email"],
                phone=given["phone"],
            ),
            order=given.get("order", ""),
            occurred_at=_aware(given.get("occurred_at"), zone),
            zone="" if order_zone or place is None else place.zone,
            region=region,
            place=given.get("place", ""),
            safe_now=given.get("safe_now") or "unknown",
            injuries=given.get("injuries", ""),
            police_told=given.get("police_told") or None,
            police_number=given.get("police_number", ""),
            wanted_outcome=given.get("wanted_outcome", ""),
            contact_rules=given.get("contact_rules", ""),
            facts=facts | ({"language": given["language"]} if given.get("language") == "other" else {}),
            aggravators=given.get("aggravators", []),
            notice_version=notice_version,
        )

    def take_errors(self, error: DomainError) -> None:
        """Show a refusal of the domain at its questions."""
        for path in error.fields:
            name = path.removeprefix("reporter.").removeprefix("facts.").split("[")[0]
            self.add_error(name if name in self.fields else None, _refusal(name))
        if not error.fields:
            self.add_error(None, in_words(error))


def _refusal(name: str) -> str:
    """What the domain refused, in the reader's language."""
    words = {
        "email": _("An e-mail address looks like name@example.com. You can also leave it out."),
        "narrative": _("This is longer than what fits. Send the first part and add the rest afterwards."),
        "occurred_at": _("This time lies in the future, or too far back. Check the day and the hour."),
    }
    return words.get(name, _("We cannot read this. Please check it, or leave it empty."))


def _place_choices() -> list[tuple[str, Any]]:
    groups: list[tuple[str, Any]] = [("", _("Choose, or leave empty"))]
    for group in content.place_groups():
        named = sorted((said(place.name), place.region) for place in group.places)
        groups.append((said(group.title), [(region, name) for name, region in named]))
    return groups


def _siblings(entry: Entry) -> list[Entry]:
    return [one for one in current() if one.group == entry.group and one.code != entry.code]


def _aware(moment: dt.datetime | None, zone: str) -> dt.datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=ZoneInfo(zone or settings.TOCSIN_ZONE))


def _plain(value: Any) -> str:
    return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, dt.datetime) else str(value)
