"""The staff domain as a Django app."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "tocsin.domains.staff"
    label = "staff"
