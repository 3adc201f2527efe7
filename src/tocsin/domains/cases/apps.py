"""The cases domain as a Django app."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "tocsin.domains.cases"
    label = "cases"
