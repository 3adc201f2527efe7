"""Decisions, the actions they cause, notices, strikes, pair blocks and appeals."""

import pghistory
from django.db import models
from django.db.models import F, Q

from tocsin.core.crypto.typed_text import typed_text
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.models import Alert
from tocsin.domains.people.models import Account
from tocsin.domains.policies.models import PolicyVersion
from tocsin.domains.staff.models import Staff


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Decision(models.Model):
    """A finding under a written clause. Facts are sealed under the case's key, in two versions (handbook
    §5.1)."""

    class Finding(models.TextChoices):
        SUBSTANTIATED = "substantiated", "Substantiated"
        NOT_SUBSTANTIATED = "not_substantiated", "Not substantiated"
        INCONCLUSIVE = "inconclusive", "Inconclusive"
        FALSE_REPORT = "false_report", "False report"

    class Proof(models.TextChoices):
        REASONABLE_SUSPICION = "reasonable_suspicion", "Reasonable suspicion"
        REASONABLE_BELIEF = "reasonable_belief", "Reasonable belief"
        PREPONDERANCE = "preponderance", "More likely than not"

    class State(models.TextChoices):
        AWAITING_SECOND_READER = "awaiting_second_reader"
        IN_FORCE = "in_force"
        REJECTED = "rejected"
        REVERSED = "reversed"
        MODIFIED = "modified"

    id = models.CharField(max_length=40, primary_key=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    subject = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="decisions")
    finding = models.CharField(max_length=20, choices=Finding.choices)
    policy_version = models.ForeignKey(PolicyVersion, null=True, on_delete=models.PROTECT)
    clause_id = models.CharField(max_length=40, blank=True)
    violation_code = models.CharField(max_length=60, blank=True)
    standard_of_proof = models.CharField(max_length=24, choices=Proof.choices)
    facts_internal_sealed = models.BinaryField()
    facts_disclosable_sealed = models.BinaryField()
    proposed_step = models.JSONField(default=dict)
    chosen_step = models.JSONField(default=dict)
    deviation_reason_sealed = models.BinaryField(null=True)
    automated = models.CharField(max_length=10, default="not")  # not | partly | fully
    decider = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="decisions_made")
    second_reader = models.ForeignKey(
        Staff, null=True, on_delete=models.PROTECT, related_name="decisions_read"
    )
    state = models.CharField(max_length=24, choices=State.choices)
    decided_at = models.DateTimeField()
    in_force_at = models.DateTimeField(null=True)
    reversed_at = models.DateTimeField(null=True)
    appeal_until = models.DateTimeField(null=True)

    deviation_reason = typed_text("decision", "deviation_reason", lambda row: f"case:{row.case_id}")

    class Meta:
        db_table = "enforcement_decision"
        constraints = [
            models.CheckConstraint(
                condition=Q(second_reader__isnull=True) | ~Q(second_reader=F("decider")),
                name="second_reader_is_not_the_decider",
            ),
            models.UniqueConstraint(
                fields=["case", "subject"],
                condition=Q(state__in=["in_force", "awaiting_second_reader"]),
                name="one_decision_stands",
            ),
        ]
        indexes = [models.Index(fields=["subject", "-decided_at"], name="decision_subject")]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Action(models.Model):
    """Something done to an account, an order or a pair. Protective ones expire; every one has its inverse.

    ``target_kind``/``target_id`` are the marketplace's own (``customer``, ``shopper``, ``order``, ``pair``).
    ``detail`` says more where the type is not enough, such as ``{"feature": "alcohol"}``; never personal.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested"
        APPLIED = "applied"
        FAILED = "failed"
        REVERSED = "reversed"
        EXPIRED = "expired"

    id = models.CharField(max_length=40, primary_key=True)
    type = models.CharField(max_length=24)
    level = models.SmallIntegerField()
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="actions")
    decision = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="actions")
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="actions")
    target_kind = models.CharField(max_length=20)
    target_id = models.CharField(max_length=260)
    protective = models.BooleanField()
    interim = models.BooleanField(default=False)
    basis = models.CharField(max_length=200)
    reason_code = models.CharField(max_length=60)
    detail = models.JSONField(default=dict)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    confirmed_at = models.DateTimeField(null=True)
    reversed_at = models.DateTimeField(null=True)
    reversed_because = models.CharField(max_length=200, blank=True)
    requested_by = models.CharField(max_length=80)
    idempotency_key = models.CharField(max_length=300, unique=True)

    class Meta:
        db_table = "enforcement_action"
        constraints = [
            models.CheckConstraint(
                condition=Q(protective=False)
                | Q(ends_at__isnull=False)
                | Q(type__in=["unmatch", "block_transaction"]),
                name="protective_actions_end",
            )
        ]
        indexes = [models.Index(fields=["account", "-starts_at"], name="action_account")]

    @property
    def feature(self) -> str:
        """The feature it limits, by its id; empty for everything else."""
        return str(self.detail.get("feature", ""))


class Asking(models.Model):
    """An alert that asked the engine for a measure. Several may ask for the same one, also in other cases:
    it holds as long as any of them stands."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="askings")
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="askings")
    at = models.DateTimeField()

    class Meta:
        db_table = "enforcement_asking"
        constraints = [models.UniqueConstraint(fields=["action", "alert"], name="asking_once")]


class Strike(models.Model):
    """A breach that counts on the ladder until it expires or is revoked."""

    id = models.CharField(max_length=40, primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="strikes")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="strikes")
    clause_id = models.CharField(max_length=40)
    violation_code = models.CharField(max_length=60)
    at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "enforcement_strike"


class PairBlock(models.Model):
    """Two people who must not be matched again. Held between persons, not accounts, so that it survives
    new ones."""

    id = models.CharField(max_length=40, primary_key=True)
    customer = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    shopper = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="pair_blocks")
    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="pair_blocks")
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "enforcement_pair_block"


class Effect(models.Model):
    """One thing a decision caused, so that an overturned decision can undo all of it."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="effects")
    kind = models.CharField(max_length=20)  # action strike label alert found_code
    object_id = models.CharField(max_length=60)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undo_note = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "enforcement_effect"
        constraints = [models.UniqueConstraint(fields=["decision", "kind", "object_id"], name="effect_once")]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Notice(models.Model):
    """A letter to somebody: a statement of reasons, an outcome, an answer to an appeal. Sent is not
    delivered."""

    id = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(
        max_length=24
    )  # statement_of_reasons protective_action outcome appeal_outcome reversal
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notices")
    decision = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="notices")
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="notices")
    report_id = models.CharField(max_length=40, blank=True)
    template = models.CharField(max_length=60)
    template_version = models.IntegerField()
    language = models.CharField(max_length=20)
    channel = models.CharField(max_length=12)
    legal_basis = models.CharField(max_length=200)
    content_sealed = models.BinaryField()
    issued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "enforcement_notice"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Appeal(models.Model):
    """A person asks for another look, by somebody who did not decide: held by constraint, not by habit.

    ``decider_id`` and ``second_reader_id`` are copied from the decision by a trigger and cannot be set
    by hand.
    """

    class State(models.TextChoices):
        LODGED = "lodged"
        ASSIGNED = "assigned"
        INFO_REQUESTED = "info_requested"
        DECIDED = "decided"
        REMEDIED = "remedied"
        INADMISSIBLE = "inadmissible"

    class Outcome(models.TextChoices):
        UPHOLD = "uphold", "Decision stands"
        MODIFY = "modify", "Decision changed"
        REVERSE = "reverse", "Decision reversed"
        REMAND = "remand", "To be decided anew"

    OPEN_STATES = (State.LODGED, State.ASSIGNED, State.INFO_REQUESTED)

    id = models.CharField(max_length=40, primary_key=True)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="appeals")
    lodged_by = models.CharField(max_length=80)
    channel = models.CharField(max_length=10)
    grounds_sealed = models.BinaryField()
    language = models.CharField(max_length=20, default="en")
    state = models.CharField(max_length=16, choices=State.choices, default=State.LODGED)
    lodged_at = models.DateTimeField()
    reviewer = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="appeals_heard")
    decider_id = models.CharField(max_length=40, blank=True)
    second_reader_id = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    reasons_sealed = models.BinaryField(null=True)
    decided_at = models.DateTimeField(null=True)
    remedied_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "enforcement_appeal"
        constraints = [
            models.CheckConstraint(
                condition=Q(reviewer__isnull=True)
                | (~Q(reviewer_id=F("decider_id")) & ~Q(reviewer_id=F("second_reader_id"))),
                name="the_decider_never_hears_the_appeal",
            ),
            models.UniqueConstraint(
                fields=["decision"],
                condition=Q(state__in=["lodged", "assigned", "info_requested"]),
                name="one_open_appeal",
            ),
        ]
