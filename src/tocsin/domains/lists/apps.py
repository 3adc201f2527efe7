"""Kept lists as a Django app."""

from django.apps import AppConfig


class ListsConfig(AppConfig):
    name = "tocsin.domains.lists"
    label = "lists"
