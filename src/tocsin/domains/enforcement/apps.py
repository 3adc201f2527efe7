"""The enforcement domain as a Django app."""

from django.apps import AppConfig


class EnforcementConfig(AppConfig):
    name = "tocsin.domains.enforcement"
    label = "enforcement"

    def ready(self) -> None:
        from tocsin.domains.enforcement import handlers, late  # noqa: F401  (register what it listens to)
