"""The policies domain as a Django app."""

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "tocsin.domains.policies"
    label = "policies"
