"""Addresses of the shared front end."""

from django.urls import path

from tocsin.surfaces.ui import views

app_name = "ui"
urlpatterns = [path("healthz", views.healthz, name="healthz")]
