"""The small forms of the help centre.

What they accept is decided by the domains; here they only ask and repeat.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.surfaces.help.fields import ManyFiles


class FollowUpForm(forms.Form):
    """Number and PIN. ``kept`` carries a message that was being written when a session ended."""

    number = forms.CharField(
        max_length=60,
        label=gettext_lazy("Your report number"),
        help_text=gettext_lazy(
            "Like TS-7K3M9-QX20D-4, or the sixteen digits. Capitals, spaces and hyphens do not matter."
        ),
        error_messages={"required": gettext_lazy("Please enter your report number.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    pin = forms.CharField(
        max_length=40,
        label=gettext_lazy("Your PIN"),
        strip=True,
        help_text=gettext_lazy("The six digits we showed you with the number."),
        error_messages={"required": gettext_lazy("Please enter your PIN.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "input-code"}),
    )
    kept = forms.CharField(required=False, max_length=10_000, widget=forms.HiddenInput)


class MessageForm(forms.Form):
    """Something to add to a report."""

    text = forms.CharField(
        required=False,
        max_length=10_000,
        label=gettext_lazy("Your message"),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": gettext_lazy("This is longer than fits. Send it in two parts.")},
    )
    files = ManyFiles(  # type: ignore[assignment]  # a declared field, not the uploads of BaseForm
        required=False,
        label=gettext_lazy("Photos, screenshots or papers"),
        help_text=gettext_lazy("Up to ten files of 25 MB each."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("text", "").strip() and not given.get("files") and not self.errors:
            self.add_error("text", _("Write a few words, or choose a file."))
        return given


class AppealForm(forms.Form):
    """Why a decision is wrong, in the person's own words."""

    grounds = forms.CharField(
        min_length=10,
        max_length=10_000,
        label=gettext_lazy("Why do you think the decision is wrong?"),
        help_text=gettext_lazy(
            "Your own words are enough. Say what we got wrong, what we did not know, or what has changed."
        ),
        widget=forms.Textarea(attrs={"rows": 7}),
        error_messages={
            "required": gettext_lazy("Please tell us why, in a few words."),
            "min_length": gettext_lazy("Please tell us a little more: ten characters at least."),
            "max_length": gettext_lazy("This is longer than fits. Send the most important part."),
        },
    )


class LetterForm(forms.Form):
    """The reference and the code of a letter we sent."""

    letter = forms.CharField(max_length=60, label=gettext_lazy("Reference of the letter"))
    code = forms.CharField(
        max_length=20, label=gettext_lazy("Code"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
