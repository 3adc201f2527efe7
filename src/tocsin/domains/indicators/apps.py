"""Indicators as a Django app."""

from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "tocsin.domains.indicators"
    label = "indicators"

    def ready(self) -> None:
        from tocsin.domains.indicators import handlers  # noqa: F401  (register what it listens to)
