"""People and what they own and use, as the marketplace tells us.

A *party* is a person; an *account* is one of their places on the marketplace. Names, phones, e-mails and
addresses are sealed under the party's own key and looked up by blind index only.
"""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Party(models.Model):
    """A person. ``profile_sealed`` is JSON {name, access_needs}, sealed under ``party:<id>``."""

    class Kind(models.TextChoices):
        CUSTOMER = "customer"
        WORKER = "worker"
        APPLICANT = "applicant"
        RETAILER_STAFF = "retailer_staff"
        BYSTANDER = "bystander"
        EMPLOYEE = "employee"
        ANONYMOUS = "anonymous"

    id = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    profile_sealed = models.BinaryField(null=True)
    languages = ArrayField(models.CharField(max_length=20), default=list)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_party"
        verbose_name = "person"

    @property
    def key_scope(self) -> str:
        return f"party:{self.pk}"


class ContactPoint(models.Model):
    """A phone or an e-mail address of a party."""

    id = models.CharField(max_length=40, primary_key=True)
    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="contact_points")
    kind = models.CharField(max_length=10)  # phone | email
    value_sealed = models.BinaryField()
    lookup = models.BinaryField(db_index=True)
    verified_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_contact_point"
        constraints = [models.UniqueConstraint(fields=["party", "kind", "lookup"], name="contact_point_once")]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Account(models.Model):
    """A customer's or shopper's account. Its status changes only through an Action (handbook §0).

    ``marketplace_status`` is the marketplace's own word for it, kept as told. ``as_of`` is the time of the
    newest state accepted from the marketplace; anything older that arrives late is ignored.
    """

    class Role(models.TextChoices):
        CUSTOMER = "customer"
        SHOPPER = "shopper"

    class Status(models.TextChoices):
        NORMAL = "normal"
        PROTECTED = "protected"
        SUSPENDED_PENDING = "suspended_pending"
        SUSPENDED = "suspended"
        TERMINATED = "terminated"

    id = models.CharField(max_length=40, primary_key=True)
    role = models.CharField(max_length=10, choices=Role.choices)
    external_id = models.CharField(max_length=64)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="accounts")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.NORMAL)
    marketplace_status = models.CharField(max_length=40, blank=True)
    region = models.CharField(max_length=20, blank=True)
    zone = models.CharField(max_length=60, default="UTC")
    member_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_account"
        constraints = [models.UniqueConstraint(fields=["role", "external_id"], name="account_once")]

    @property
    def ref(self) -> str:
        """The marketplace's name for it, as in ``customer:c-42``."""
        return f"{self.role}:{self.external_id}"


class Store(models.Model):
    """A shop people are sent to. Not a person: its name and place are not sealed."""

    id = models.CharField(max_length=40, primary_key=True)
    external_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    region = models.CharField(max_length=20, blank=True)
    zone = models.CharField(max_length=60, default="UTC")
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    created_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_store"


class Instrument(models.Model):
    """Something an account uses that others may use too: a device, a card, an address, a phone.

    ``attributes_sealed`` is JSON, sealed under ``instrument:<id>``; ``lookup`` finds equal ones (fingerprint,
    normalised address) without reading them.
    """

    class Kind(models.TextChoices):
        DEVICE = "device"
        PAYMENT_INSTRUMENT = "payment_instrument"
        ADDRESS = "address"
        PAYOUT_ACCOUNT = "payout_account"
        PHONE = "phone"

    id = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    external_id = models.CharField(max_length=64)
    attributes_sealed = models.BinaryField(null=True)
    lookup = models.BinaryField(null=True, db_index=True)
    region = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_instrument"
        constraints = [models.UniqueConstraint(fields=["kind", "external_id"], name="instrument_once")]

    @property
    def key_scope(self) -> str:
        return f"instrument:{self.pk}"


class Order(models.Model):
    """One order, from a customer, for a shopper to fulfil."""

    LIVE = ("placed", "assigned", "picked")

    id = models.CharField(max_length=40, primary_key=True)
    external_id = models.CharField(max_length=64, unique=True)
    customer = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="orders_placed")
    shopper = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="orders_carried")
    store = models.ForeignKey(Store, null=True, on_delete=models.PROTECT, related_name="orders")
    address = models.ForeignKey(Instrument, null=True, on_delete=models.PROTECT, related_name="orders")
    status = models.CharField(max_length=20, default="placed")
    total_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    region = models.CharField(max_length=20, blank=True)
    zone = models.CharField(max_length=60, default="UTC")
    placed_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    items_count = models.IntegerField(null=True)
    updated_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_order"
        indexes = [
            models.Index(fields=["customer", "-placed_at"], name="order_customer"),
            models.Index(fields=["shopper", "-placed_at"], name="order_shopper"),
        ]

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE


class Link(models.Model):
    """An edge between two things, with where it came from. A lead, never a finding (handbook §4.1)."""

    from_kind = models.CharField(max_length=20)
    from_id = models.CharField(max_length=64)
    to_kind = models.CharField(max_length=20)
    to_id = models.CharField(max_length=64)
    relation = models.CharField(max_length=40)
    source = models.CharField(max_length=40)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        db_table = "people_link"
        constraints = [
            models.UniqueConstraint(
                fields=["from_kind", "from_id", "to_kind", "to_id", "relation"], name="link_once"
            )
        ]
        indexes = [models.Index(fields=["to_kind", "to_id"], name="link_back")]
