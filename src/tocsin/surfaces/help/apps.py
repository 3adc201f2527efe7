"""The help surface as a Django app."""

from django.apps import AppConfig


class HelpConfig(AppConfig):
    name = "tocsin.surfaces.help"
    label = "help"
