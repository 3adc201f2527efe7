"""The detection domain as a Django app."""

from django.apps import AppConfig


class DetectionConfig(AppConfig):
    name = "tocsin.domains.detection"
    label = "detection"
