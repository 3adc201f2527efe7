"""The people domain as a Django app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "tocsin.domains.people"
    label = "people"

    def ready(self) -> None:
        from tocsin.domains.people import addresses  # noqa: F401  (registers who knows addresses)
