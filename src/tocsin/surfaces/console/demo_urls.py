"""Addresses of the demonstration sign-in; only there when the installation is a demonstration."""

from django.urls import path

from tocsin.surfaces.console import demo_views

app_name = "demo"
urlpatterns = [
    path("", demo_views.people, name="people"),
    path("sign-in/", demo_views.sign_in, name="sign_in"),
]
