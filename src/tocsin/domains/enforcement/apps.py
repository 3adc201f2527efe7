"""The enforcement domain as a Django app."""

from django.apps import AppConfig


class EnforcementConfig(AppConfig):
    name = "tocsin.domains.enforcement"
    label = "enforcement"
