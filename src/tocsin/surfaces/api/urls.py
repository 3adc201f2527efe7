"""Addresses of the API."""

from django.urls import path

from tocsin.surfaces.api.app import api

urlpatterns = [path("", api.urls)]
