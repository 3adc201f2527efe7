"""The staff domain as a Django app."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "tocsin.domains.staff"
    label = "staff"

    def ready(self) -> None:
        from tocsin.core.access.api_keys import register_staff
        from tocsin.core.actor import Actor
        from tocsin.domains.staff import mail  # noqa: F401  (listens)
        from tocsin.domains.staff.models import Staff

        def active(staff_id: str) -> Actor | None:
            staff = Staff.objects.filter(pk=staff_id, is_active=True).first()
            return staff.actor() if staff else None

        register_staff(active)
