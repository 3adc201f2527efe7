"""Addresses of the help centre."""

app_name = "help"
urlpatterns: list = []
