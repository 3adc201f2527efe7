"""Models that score events, as a Django app."""

from django.apps import AppConfig


class ScoresConfig(AppConfig):
    name = "tocsin.domains.scores"
    label = "scores"
