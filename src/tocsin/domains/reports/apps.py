"""The reports domain as a Django app."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "tocsin.domains.reports"
    label = "reports"

    def ready(self) -> None:
        from tocsin.domains.reports import promises  # noqa: F401  (registers what happens when a promise is missed)
