"""The detection domain as a Django app."""

from pathlib import Path

from django.apps import AppConfig
from django.conf import settings


def _still_needed(scope: str) -> str | None:
    """Whether the log of decisions still needs a key; loads the engine only when somebody destroys one."""
    from tocsin.domains.detection.logread import why_keep

    return why_keep(Path(settings.TOCSIN_HOME) / "decide", scope)


class DetectionConfig(AppConfig):
    name = "tocsin.domains.detection"
    label = "detection"

    def ready(self) -> None:
        """Keep the keys that the log of decisions still needs."""
        from tocsin.core.crypto.shred import register_guard

        register_guard("decide log", _still_needed)
