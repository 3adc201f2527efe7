"""The unit of work: a case, with its people, reports, alerts, notes and timeline."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from tocsin.domains.detection.models import Alert
from tocsin.domains.people.models import Account, Order
from tocsin.domains.reports.models import Report, Severity
from tocsin.domains.staff.models import Staff


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Case(models.Model):
    """A case. ``reference`` is for staff to say aloud (``C-7QK4M``); reporters know only their report number.

    ``next_due_at`` is the earliest clock that runs or is late, kept for sorting the queue. ``revision``
    grows with every change, so that two people deciding at once cannot overwrite each other.
    ``walled_off`` are staff ids kept away from it, ``heard_by`` those who hear an appeal in it.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        TRIAGED = "triaged", "Triaged"
        INVESTIGATING = "investigating", "Investigating"
        AWAITING_INFO = "awaiting_info", "Waiting for information"
        DECISION_PENDING = "decision_pending", "Decision pending"
        DECIDED = "decided", "Decided"
        ACTIONED = "actioned", "Actioned"
        CLOSED = "closed", "Closed"
        ROUTED_OUT = "routed_out", "Routed out"
        MERGED = "merged", "Merged"
        REOPENED = "reopened", "Reopened"

    id = models.CharField(max_length=40, primary_key=True)
    reference = models.CharField(max_length=16, unique=True)
    title = models.CharField(max_length=200)
    desk = models.CharField(max_length=16)  # safety fraud conduct account privacy food appeals
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    severity = models.CharField(max_length=2, choices=Severity.choices)
    codes = ArrayField(models.CharField(max_length=60), default=list)
    source = models.CharField(max_length=16)  # report | rule | staff | api
    channel = models.CharField(max_length=10, blank=True)
    region = models.CharField(max_length=20, blank=True)
    zone = models.CharField(max_length=60, default="UTC")
    data_class = models.CharField(max_length=2, default="P2")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="cases")
    assignee = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="cases")
    walled_off = ArrayField(models.CharField(max_length=40), default=list)
    heard_by = ArrayField(models.CharField(max_length=40), default=list)
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    next_due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=24, blank=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    revision = models.IntegerField(default=1)

    class Meta:
        db_table = "cases_case"
        indexes = [
            models.Index(
                fields=["severity", "next_due_at", "id"],
                condition=~Q(state__in=["closed", "merged", "routed_out"]),
                name="case_queue",
            ),
            models.Index(
                fields=["assignee", "severity", "next_due_at"],
                condition=~Q(state__in=["closed", "merged", "routed_out"]),
                name="case_mine",
            ),
            models.Index(
                fields=["desk", "severity", "next_due_at", "id"],
                condition=~Q(state__in=["closed", "merged", "routed_out"]),
                name="case_desk",
            ),
            models.Index(fields=["region", "severity"], name="case_region"),
            # what is kept from somebody is counted on every page
            models.Index(fields=["id"], condition=Q(data_class="P4"), name="case_sensitive"),
            GinIndex(fields=["walled_off"], name="case_walled_off"),
            models.Index(fields=["-opened_at"], name="case_opened"),
        ]

    @property
    def key_scope(self) -> str:
        return f"case:{self.pk}"

    def report_ids(self) -> list[str]:
        """Ids of its reports, oldest first."""
        return list(self.report_links.order_by("added_at").values_list("report_id", flat=True))


class CaseParty(models.Model):
    """An account's part in a case."""

    class Part(models.TextChoices):
        SUBJECT = "subject", "Subject"
        REPORTER = "reporter", "Reporter"
        AFFECTED = "affected", "Person affected"
        WITNESS = "witness", "Witness"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="parties")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="case_parts")
    part = models.CharField(max_length=10, choices=Part.choices)

    class Meta:
        db_table = "cases_party"
        constraints = [models.UniqueConstraint(fields=["case", "account", "part"], name="case_party_once")]


class CaseReport(models.Model):
    """A report in a case. A report is in at most one."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="report_links")
    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="case_link")
    added_at = models.DateTimeField()

    class Meta:
        db_table = "cases_report"


class CaseAlert(models.Model):
    """An alert in a case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="alert_links")
    alert = models.OneToOneField(Alert, on_delete=models.PROTECT, related_name="case_link")
    added_at = models.DateTimeField()

    class Meta:
        db_table = "cases_alert"


class TimelineEntry(models.Model):
    """One thing that happened in a case. ``summary`` holds nothing personal; ``body_sealed`` may (key of
    the case)."""

    id = models.CharField(max_length=40, primary_key=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="timeline")
    at = models.DateTimeField()
    kind = models.CharField(max_length=24)
    actor = models.CharField(max_length=80)
    actor_label = models.CharField(max_length=120)
    summary = models.CharField(max_length=400)
    body_sealed = models.BinaryField(null=True)
    refs = models.JSONField(default=dict)

    class Meta:
        db_table = "cases_timeline"
        indexes = [models.Index(fields=["case", "at", "id"], name="timeline_order")]


class Presence(models.Model):
    """Who has a case open right now. Renewed every few seconds, forgotten soon after."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="presence")
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE)
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "cases_presence"
        constraints = [models.UniqueConstraint(fields=["case", "staff"], name="presence_once")]
