"""The cases domain as a Django app."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "tocsin.domains.cases"
    label = "cases"

    def ready(self) -> None:
        from tocsin.domains.cases import danger, handlers, late  # noqa: F401  (register what cases listen to)
