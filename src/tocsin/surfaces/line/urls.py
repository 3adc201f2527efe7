"""Addresses of the telephone line, for carriers."""

from django.urls import path

from tocsin.surfaces.line import views

app_name = "line"
urlpatterns = [
    path("<str:name>/call/", views.incoming, name="incoming"),
    path("<str:name>/status/", views.over, name="over"),
    path("<str:name>/message/", views.message, name="message"),
    path("<str:name>/safe/", views.safe, name="safe"),
    path("<str:name>/<str:token>/", views.go_on, name="go-on"),
]
