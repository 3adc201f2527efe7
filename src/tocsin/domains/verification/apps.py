"""Order verification as a Django app."""

from django.apps import AppConfig


class VerificationConfig(AppConfig):
    name = "tocsin.domains.verification"
    label = "verification"

    def ready(self) -> None:
        """Listen to what is shipped from the log, and to clocks."""
        from tocsin.domains.verification import handlers  # noqa: F401
