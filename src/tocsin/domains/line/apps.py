"""The telephone line as a Django app."""

from django.apps import AppConfig


class LineConfig(AppConfig):
    name = "tocsin.domains.line"
    label = "line"
