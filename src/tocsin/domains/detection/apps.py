"""The detection domain as a Django app."""

from pathlib import Path

from django.apps import AppConfig
from django.conf import settings


class DetectionConfig(AppConfig):
    name = "tocsin.domains.detection"
    label = "detection"

    def ready(self) -> None:
        """Keep the keys that the log of decisions still needs."""
        from tocsin.core.crypto.shred import register_guard
        from tocsin.domains.detection.logread import why_keep

        register_guard("decide log", lambda scope: why_keep(Path(settings.TOCSIN_HOME) / "decide", scope))
