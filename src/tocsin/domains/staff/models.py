"""The people who work in Tocsin."""

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from tocsin.core.actor import Actor
from tocsin.core.ids import new_id


class StaffManager(BaseUserManager["Staff"]):
    """Makes staff members with a hashed password."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "Staff":
        staff = self.model(email=self.normalize_email(email).lower(), **fields)
        staff.set_password(password)
        staff.save(using=self._db)
        return staff


def _staff_id() -> str:
    return new_id("stf")


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["password", "last_login"],
)
class Staff(AbstractBaseUser, PermissionsMixin):
    """A member of staff. ``roles`` and ``regions`` decide what they may do; nothing else does.

    ``walled_off_accounts`` are marketplace accounts of their own or their family: those matters are kept
    from them.
    """

    #: Written by signing in, by no act of anybody's.
    audit_exclude = frozenset({"last_login", "password"})

    id = models.CharField(max_length=40, primary_key=True, default=_staff_id)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    roles = ArrayField(models.CharField(max_length=24), default=list)
    regions = ArrayField(models.CharField(max_length=20), default=list)
    manager = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="reports"
    )
    walled_off_accounts = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)

    objects = StaffManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        db_table = "staff_staff"
        verbose_name = "staff member"

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper()

    def actor(self, purpose: str = "case_handling", via: str = "console", address: str = "") -> Actor:
        """This person, ready to be the first argument of an action or a query."""
        return Actor(
            "staff", self.pk, self.name, frozenset(self.roles), frozenset(self.regions), purpose, via=via,
            address=address, kept_from=frozenset(self.walled_off_accounts),
        )  # fmt: skip
