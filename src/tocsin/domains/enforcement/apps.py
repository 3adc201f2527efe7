"""The enforcement domain as a Django app."""

from django.apps import AppConfig


class EnforcementConfig(AppConfig):
    name = "tocsin.domains.enforcement"
    label = "enforcement"

    def ready(self) -> None:
        from tocsin.domains.enforcement import handlers  # noqa: F401  (registers what enforcement listen to)
