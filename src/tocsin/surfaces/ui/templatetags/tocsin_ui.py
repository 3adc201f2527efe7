"""`{% load tocsin_ui %}`: the tags and filters every page uses. Examples of each: docs/change/ui.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tocsin.surfaces.ui import formatting, states
from tocsin.surfaces.ui.icons import known_icons
from tocsin.surfaces.ui.sparkline import sparkline as draw_sparkline

register = template.Library()

_SHOWN = {"time": "H:i", "date": "j M Y", "day": "j M", "datetime": "j M Y, H:i", "second": "j M Y, H:i:s"}


class IconNode(template.Node):
    """Draws a symbol of the sprite; a name known at compile time is checked at compile time."""

    child_nodelists: tuple[str, ...] = ()
    nodelist = NodeList()

    def __init__(self, name: FilterExpression, extra: FilterExpression | None) -> None:
        self.name, self.extra = name, extra

    def render(self, context: Context) -> SafeString:
        extra = self.extra.resolve(context) if self.extra else ""
        return draw_icon(str(self.name.resolve(context)), str(extra))


@lru_cache(maxsize=1024)  # a page has a hundred of them
def draw_icon(name: str, extra: str = "") -> SafeString:
    """The `<svg>` of an icon, hidden from screen readers: words beside it carry the meaning.

    A name that comes from data and is not in the sprite is drawn as a circle rather than breaking the page.
    """
    shown = name if name in known_icons() else "circle"
    return format_html(
        '<svg class="i {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra, static("tocsin/icons/sprite.svg"), shown,
    )  # fmt: skip


@receiver(setting_changed)
def _addresses_changed(*, setting: str, **_kw: object) -> None:
    """Static files have other addresses now (in tests only)."""
    if setting in ("STORAGES", "STATIC_URL"):
        draw_icon.cache_clear()


@register.tag
def icon(parser: Parser, token: Token) -> IconNode:
    """`{% icon "gavel" %}`, `{% icon item.icon "lg" %}`.

    Raises TemplateSyntaxError when a literal name is not in the sprite.
    """
    bits = token.split_contents()[1:]
    if not 1 <= len(bits) <= 2:
        raise template.TemplateSyntaxError('icon takes a name and classes: {% icon "gavel" "lg" %}')
    literal = bits[0].strip("\"'")
    if bits[0][0] in "\"'" and literal not in known_icons():
        raise template.TemplateSyntaxError(f"no icon called {literal!r}: see tocsin/surfaces/ui/icons.py")
    return IconNode(parser.compile_filter(bits[0]), parser.compile_filter(bits[1]) if len(bits) > 1 else None)


@register.simple_tag
def severity_pill(severity: str, label: object = "") -> SafeString:
    """`{% severity_pill "S1" "Credible threat" %}`."""
    return _severity_pill(severity, str(label), get_language() or "")


@lru_cache(maxsize=512)
def _severity_pill(severity: str, label: str, language: str) -> SafeString:
    tone, meaning = states.SEVERITIES.get(severity, ("", ""))
    text = f"{severity} · {label}" if label else severity
    return format_html(
        '<span class="pill {}" title="{}"><span class="vh">{} </span>{}</span>',
        tone, meaning, _("Severity"), text,
    )  # fmt: skip


@register.simple_tag
def state_pill(state: str, label: object = "") -> SafeString:
    """`{% state_pill case.state %}`; `label` replaces the standard words."""
    tone, words = states.describe_state(state)
    return format_html('<span class="pill {}">{}</span>', tone, label or words)


@register.simple_tag(takes_context=True)
def clock_left(
    context: Context, due: datetime | None, state: str = "running", label: object = ""
) -> SafeString:
    """`{% clock_left case.next_due %}`: counts down in the browser; the text is right without scripts too.

    `state` is running, paused, met or missed. `label` is read out before the time that is left.
    Nothing is drawn for a clock that is not set (`due` None).
    """
    if due is None:
        return SafeString("")
    iso = due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    prefix = format_html('<span class="vh">{} </span>', label) if label else ""
    title = _("due %(moment)s") % {"moment": _local(due, _zone(context), "second")}
    fixed = {"paused": ("paused", _("paused")), "met": ("met", _("met")), "missed": ("late", _("missed"))}
    if state in fixed:
        tone, text = fixed[state]
        return format_html('<time class="sla {}" datetime="{}" title="{}">{}</time>', tone, iso, title, text)
    text, tone = formatting.time_left(due - (context.get("now") or timezone.now()))
    if tone == "late":  # what is late is not due in anything
        prefix = ""
    return format_html(
        '<time class="sla {}" datetime="{}" data-due="{}" title="{}">{}<span data-left>{}</span></time>',
        tone, iso, iso, title, prefix, text,
    )  # fmt: skip


@register.filter
def money(minor: int | None, currency: str) -> str:
    """`{{ order.total_minor|money:order.currency }}`; an unknown amount is an em dash."""
    return "—" if minor is None else formatting.money(minor, currency)


@register.filter
def grouped(number: int | float) -> str:
    """`{{ 1204|grouped }}` is 1,204 in English and 1.204 in Spanish."""
    return formats.number_format(number, use_l10n=True, force_grouping=True)


@register.simple_tag
def now_ms() -> int:
    """The server's clock in Unix milliseconds, so that countdowns do not trust the reader's computer."""
    return int(timezone.now().timestamp() * 1000)


@register.simple_tag
def masked(shown: str, label: str = "", reveal_url: str = "") -> SafeString:
    """`{% masked "+1 ••• ••• 4471" label="Phone" reveal_url=url %}`.

    `shown` is already masked: the true value never reaches the page before somebody asks and says why. The
    button loads the reveal form into the dialog; its answer replaces the whole `.masked` element. Without
    `reveal_url` there is no button.
    """
    said = _("%(what)s, hidden") % {"what": label} if label else _("hidden")
    value = format_html('<mark><span class="vh">{}: </span>{}</mark>', said, shown)
    if not reveal_url:
        return format_html('<span class="masked">{}</span>', value)
    return format_html(
        '<span class="masked">{}<button type="button" class="btn sm ghost icon" title="{}" hx-get="{}"'
        ' hx-target="#dialog-body">{}<span class="vh">{} {}</span></button></span>',
        value, _("Reveal"), reveal_url, draw_icon("eye"), _("Reveal"), label,
    )  # fmt: skip


@register.simple_tag
def sparkline(values: Sequence[float], label: str, tone: str = "") -> SafeString:
    """`{% sparkline counts label="Reports a day, last 30 days" %}`."""
    return draw_sparkline(values, label, tone)


def _zone(context: Context, given: str = "") -> str:
    return given or str(context.get("zone") or "UTC")


def _local(moment: datetime, zone: str, show: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    return f"{formats.date_format(local, _SHOWN[show])} {local.strftime('%Z')}"


@register.simple_tag(takes_context=True)
def when(context: Context, moment: datetime | None, show: str = "datetime", zone: str = "") -> SafeString:
    """`{% when event.at %}`, `{% when event.at "time" zone="America/Denver" %}`.

    Shown in the zone the matter happened in (`zone`, or `zone` of the page's context, else UTC); the title
    gives the moment in UTC too. `show`: time, date, day, datetime, second; the last two name the zone. An
    unknown moment is an em dash.
    """
    if moment is None:
        return SafeString("—")
    used = _zone(context, zone)
    utc = moment.astimezone(UTC)
    local = moment.astimezone(ZoneInfo(used))
    named = f" {local:%Z}" if show in ("datetime", "second") else ""
    return format_html(
        '<time class="at mono dimmer" datetime="{}" title="{} · {}">{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        _local(moment, used, "second"), utc.strftime("%Y-%m-%d %H:%M:%S UTC"),
        f"{formats.date_format(local, _SHOWN[show])}{named}",
    )  # fmt: skip


@register.simple_tag
@lru_cache(maxsize=512)
def avatar(name: str, size: str = "") -> SafeString:
    """`{% avatar staff.name "s" %}`: initials in a circle; the full name is read out and shown on hover."""
    words = [word for word in name.split() if word[0].isalnum()]
    initials = (words[0][0] + words[-1][0] if len(words) > 1 else name[:2]).upper()
    tone = ("", "b", "g", "y")[sum(map(ord, name)) % 4]
    return format_html(
        '<span class="av {} {}" role="img" aria-label="{}" title="{}">{}</span>',
        tone, size, name, name, initials,
    )  # fmt: skip


@register.inclusion_tag("tocsin/forms/field.html")
def field(bound: Any, label: object = "", optional: bool = False) -> dict[str, object]:
    """`{% field form.reason %}`: label, help, error and input, wired for screen readers."""
    kind = getattr(bound.field.widget, "input_type", "")
    group = bound.field.widget.use_fieldset
    return {
        "field": bound,
        "label": label or bound.label,
        "inline": kind == "checkbox" and not group,
        "group": group,
        "optional": optional and not bound.field.required,
    }


@register.simple_tag
def ui_strings() -> dict[str, str]:
    """The sentences the scripts say, in the reader's language: `{{ strings|json_script:"ui-strings" }}`."""
    return {
        "late": _("%(span)s late"),
        "offline": _("No network. What you see may be old; nothing you saved is lost."),
        "live_lost": _("Live updates stopped. Trying again; nothing was lost."),
        "live_back": _("Live updates are back."),
        "timeout": _("The server took too long. Nothing was lost; please try again."),
        "network": _("We could not reach the server. Nothing was lost; check your connection and try again."),
        "failed": _("That did not work. Nothing was changed; please try again."),
        "close": _("Close"),
        "show": _("Show"),
        "undo": _("Undo"),
        "session_over": _(
            "Your session has ended. What you typed is still here: sign in again in another window, "
            "then send it once more."
        ),
        "sign_in": _("Sign in"),
        "on_this_page": _("On this page"),
        "open_large": _("Open large"),
        "copied": _("Copied."),
        "no_results": _("Nothing found for"),
        "results": _("results"),
        "go_to": _("Go to"),
        "show_colour": _("Colour"),
        "cover": _("Cover again"),
        "sharp": _("Sharpen"),
        "links_to": _("is linked to"),
        "passkey_refused": _("The passkey was not used. Nothing was lost; try again or sign in another way."),
        "passkey_failed": _("The passkey did not work here. Nothing was lost; sign in another way."),
    }
