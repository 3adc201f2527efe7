"""The life of detection rules as a Django app."""

from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "tocsin.domains.rules"
    label = "rules"
