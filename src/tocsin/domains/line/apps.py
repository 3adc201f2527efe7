"""The telephone line as a Django app."""

from django.apps import AppConfig


class LineConfig(AppConfig):
    name = "tocsin.domains.line"
    label = "line"

    def ready(self) -> None:
        from tocsin.domains.line import handlers  # noqa: F401  (register what the line listens to)
