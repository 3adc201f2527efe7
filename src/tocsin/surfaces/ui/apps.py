"""The ui surface as a Django app."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "tocsin.surfaces.ui"
    label = "ui"
