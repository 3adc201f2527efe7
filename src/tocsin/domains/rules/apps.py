"""The life of detection rules as a Django app."""

from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "tocsin.domains.rules"
    label = "rules"

    def ready(self) -> None:
        from tocsin.domains.rules import publishing, telling, trials  # noqa: F401  (register what they listen to)
