"""The people domain as a Django app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "tocsin.domains.people"
    label = "people"
