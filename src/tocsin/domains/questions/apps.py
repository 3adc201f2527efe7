"""Questions to history as a Django app."""

from django.apps import AppConfig


class QuestionsConfig(AppConfig):
    name = "tocsin.domains.questions"
    label = "questions"
