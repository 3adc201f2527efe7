"""The api surface as a Django app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "tocsin.surfaces.api"
    label = "api"
