"""`{% load console_forms %}`: what went wrong with a field, beside the field and said by screen readers."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tocsin.surfaces.ui.templatetags.tocsin_ui import draw_icon

register = template.Library()


@register.simple_tag
def wrong(errors: Mapping[str, str], name: str, ident: str) -> SafeString:
    """Attributes of an input whose value was not accepted: `<input id="c-r" {% wrong form.errors "reason"
    "c-r" %}>`.
    """
    if name not in errors:
        return SafeString("")
    return format_html('aria-invalid="true" aria-describedby="{}-error"', ident)


@register.simple_tag
def fault(errors: Mapping[str, str], name: str, ident: str) -> SafeString:
    """The message under a field: `{% fault form.errors "reason" "c-r" %}`."""
    if name not in errors:
        return SafeString("")
    return format_html(
        '<div class="error" id="{}-error">{}<span>{}</span></div>',
        ident,
        draw_icon("circle-alert"),
        errors[name],
    )
