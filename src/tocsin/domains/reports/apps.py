"""The reports domain as a Django app."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "tocsin.domains.reports"
    label = "reports"
