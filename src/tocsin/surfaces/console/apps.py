"""The console surface as a Django app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "tocsin.surfaces.console"
    label = "console"
