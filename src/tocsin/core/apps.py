"""The ground floor as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    name = "tocsin.core"
    label = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        from tocsin.core.access import break_glass  # noqa: F401  (answers its clock's breach)
        from tocsin.core.grants import grant
        from tocsin.core.outbox import webhooks

        webhooks.register()
        post_migrate.connect(grant, sender=self, dispatch_uid="tocsin.core.grants")
