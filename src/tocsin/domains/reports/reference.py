"""Reference data: the policies that come with Tocsin, checked against the taxonomy's violation codes."""

from __future__ import annotations

from tocsin.domains.policies.actions import publish_packaged
from tocsin.domains.reports.taxonomy import current


def load() -> None:
    """Publish the policies that are not published yet. Safe to run again."""
    for version in publish_packaged(current().codes()):
        print(f"published {version}")
