"""Words of the OpenAPI document, which are CommonMark, on a page."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_CODE = re.compile("`([^`]+)`")


@register.filter
def code(text: str) -> SafeString:
    """The only mark-up our descriptions use: words between backticks are code."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped before
