"""Outside detectors as a Django app."""

from django.apps import AppConfig


class DetectorsConfig(AppConfig):
    name = "tocsin.domains.detectors"
    label = "detectors"
