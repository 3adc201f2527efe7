"""From an alert to a case, to its end, and to what the rules learn."""

from __future__ import annotations

import pytest

from tests.domains import matter
from tests.domains.actors import staff
from tests.domains.detection.desk import PACKAGED, Desk
from tests.domains.matter import account, as_, decided, settle, somebody, taken
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.domains.cases import actions as case_actions
from tocsin.domains.cases import case_alerts
from tocsin.domains.cases.models import Case
from tocsin.domains.detection import queries
from tocsin.domains.detection.models import Alert, Label
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.enforcement import appeals
from tocsin.domains.enforcement.handlers import end_protection
from tocsin.domains.enforcement.models import Action, Asking
from tocsin.domains.people.models import Account
from tocsin.domains.staff import actions as staff_actions
from tocsin.engine.language.ruleset import load

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(world: None, desk: Desk) -> Case:
    """Card testing by customer c-1, blocked."""
    desk.test_cards(region="US-WA")
    ship_once(desk.read)
    settle()
    return Case.objects.get()


def labels(ref: str = "customer:c-1") -> list[str]:
    kind, _, ident = ref.partition(":")
    return sorted(label.label for label in queries.labels_of(kind, ident))


def test_an_alert_becomes_work_with_what_the_engine_did(case: Case) -> None:
    assert (case.source, case.severity, case.desk) == ("rule", "S2", "fraud")
    assert [row.account.ref for row in case.parties.all()] == ["customer:c-1"]
    assert Alert.objects.get().state == "in_case"
    taken_by_engine = {(action.type, action.target_kind) for action in Action.objects.filter(case=case)}
    assert taken_by_engine == {("block_transaction", "card"), ("step_up", "customer")}
    for action in Action.objects.all():
        assert (action.protective, action.ends_at is not None) == (True, True)
    # the step-up is asked for once, however often the rule fires; each blocked payment is a block of its own
    assert Action.objects.filter(type="step_up").count() == 1
    assert Action.objects.filter(type="block_transaction").count() == 2


def test_more_of_the_same_shows_in_the_case(case: Case, desk: Desk) -> None:
    desk.test_cards(device="tablet")
    ship_once(desk.read)
    settle()
    assert Case.objects.count() == 1
    assert Alert.objects.get().hits == 4
    assert case.timeline.filter(summary__endswith="fired again").count() == 3


def test_somebody_only_events_have_named_can_be_decided_on(world: None, desk: Desk) -> None:
    desk.test_cards("c-new")
    ship_once(desk.read)
    settle()
    assert [row.account.ref for row in Case.objects.get().parties.all()] == ["customer:c-new"]
    assert Account.objects.get(external_id="c-new").status == "normal"


def test_a_confirmed_alert_labels_and_an_overturned_one_unlabels(case: Case) -> None:
    supervisor = somebody("supervisor")
    made = decided(taken(case, supervisor), supervisor, "customer:c-1", "C6.1", aggravators=("planned",))
    assert Alert.objects.get().state == "confirmed"
    assert labels() == ["FRD-C.stolen_payment"]
    lodged = appeals.lodge(matter.MARKETPLACE, made.pk, "My phone was stolen the day before.")
    reviewer = as_(somebody("appeals_reviewer"), "appeal_review")
    appeals.answer(reviewer, lodged.pk, "reverse", "The phone was reported stolen the day before.")
    settle()
    assert Alert.objects.get().state == "cleared"
    assert labels() == ["not:FRD-C.stolen_payment"]
    assert account("customer:c-1").status == "normal"
    # what the engine had asked for ended with the decision; nothing of it came back
    assert not Action.objects.filter(status__in=["requested", "applied"]).exists()


def test_a_decision_on_somebody_else_says_nothing_about_the_alert(case: Case) -> None:
    supervisor = somebody("supervisor")
    from tocsin.core.act import act
    from tocsin.core.actor import system
    from tocsin.domains.cases.opening import add_party

    with act(system("tests"), "test") as work:
        add_party(work, work.lock(Case, case.pk), account("customer:c-2"), "affected")
    decided(taken(case, supervisor), supervisor, "customer:c-2", "C6.1")
    assert labels("customer:c-1") == []
    # what the engine asked of c-1 holds still, so the case is open until somebody ends it
    assert (Case.objects.get().state, Alert.objects.get().state) == ("actioned", "in_case")
    case_actions.close(as_(supervisor), case.pk, "action_taken", "Nothing more to learn.")
    assert labels("customer:c-1") == []
    assert Alert.objects.get().state == "unsettled"


@pytest.mark.parametrize(
    ("outcome", "state", "expected"),
    [("no_breach", "cleared", ["not:card_testing"]), ("inconclusive", "unsettled", []),
     ("false_report", "unsettled", [])],
)  # fmt: skip
def test_closing_settles_alerts_so_that_the_next_is_seen(
    case: Case, desk: Desk, outcome: str, state: str, expected: list[str]
) -> None:
    supervisor = somebody("supervisor")
    case_actions.close(as_(supervisor), taken(case, supervisor).pk, outcome, "As the bank told us.")
    settle()
    assert Alert.objects.get().state == state
    assert labels() == expected
    desk.test_cards(device="tablet")
    ship_once(desk.read)
    settle()
    assert Case.objects.exclude(pk=case.pk).get().state == "open"


def test_somebody_says_whether_an_alert_was_right(case: Case) -> None:
    alert = Alert.objects.get()
    person = as_(somebody("specialist"))
    with pytest.raises(InvalidInput):
        case_alerts.disposition(person, alert.pk, "maybe")
    with pytest.raises(AccessDenied):
        case_alerts.disposition(staff("auditor", regions=("*",)), alert.pk, "confirmed")
    with pytest.raises(AccessDenied):
        case_alerts.disposition(staff("specialist", regions=("EU",)), alert.pk, "confirmed")
    assert Label.objects.count() == 0
    case_alerts.disposition(person, alert.pk, "confirmed")
    case_alerts.disposition(person, alert.pk, "confirmed")
    assert labels() == ["FRD-C.stolen_payment"]
    with pytest.raises(Conflict):
        case_alerts.disposition(person, alert.pk, "cleared")
    assert labels() == ["FRD-C.stolen_payment"]


def running() -> list[str]:
    held = Action.objects.filter(status__in=["requested", "applied"])
    return sorted(held.values_list("type", flat=True))


def test_what_a_wrong_alert_held_is_let_go(case: Case) -> None:
    assert running() == ["block_transaction", "block_transaction", "step_up"]
    case_alerts.disposition(as_(somebody("specialist")), Alert.objects.get().pk, "cleared")
    settle()
    assert labels() == ["not:card_testing"]
    assert running() == []
    ended = Action.objects.values_list("status", "reversed_because").distinct()
    assert list(ended) == [("reversed", "the alert was wrong")]
    assert case.timeline.filter(summary__startswith="Let go, the alert was wrong: ").count() == 3


def test_what_another_alert_still_asks_for_is_not_let_go(case: Case, desk: Desk) -> None:
    desk.tell("payment.authorised", customer="c-1", card="phone-card-9", amount_minor=9000, currency="USD")
    ship_once(desk.read)
    settle()
    wrong, other = Alert.objects.order_by("opened_at")
    before = running()
    person = as_(somebody("specialist"))
    case_alerts.disposition(person, wrong.pk, "cleared")
    settle()
    assert running() == before
    case_alerts.disposition(person, other.pk, "confirmed")
    settle()
    assert running() == before


#: A rule about the shopper that protects the customer.
_ABOUT_THE_OTHER = """
class asks_to_pay_elsewhere(Rule):
    "Shopper asks to pay elsewhere"

    on = "message.sent"
    when = sender == "shopper" and says(text, pay_elsewhere)
    verdict = "review"
    severity = "S3"
    code = "M1"
    clause = "FRD-X.customer_phishing"
    owner = "fraud"
    purpose = "prevention of fraud"
    legal_basis = "legitimate interest"
    actions = [step_up(customer)]
    reason = {"en": "The message asks to pay outside the app.", "es": "El mensaje pide pagar por fuera."}
"""


@pytest.fixture
def other_case(case: Case, desk: Desk) -> Case:
    """Of another person, whose alert asks that c-1 shows who they are too."""
    messages = PACKAGED.sources["messages.rules"] + _ABOUT_THE_OTHER
    desk.switch(load({**PACKAGED.sources, "messages.rules": messages}))
    told = {"customer": "c-1", "shopper": "s-1", "sender": "shopper"}
    desk.tell("message.sent", text="cheaper outside the app", **told)
    ship_once(desk.read)
    settle()
    assert running() == ["block_transaction", "block_transaction", "step_up"]
    return Case.objects.exclude(pk=case.pk).get()


def asked_by() -> list[str]:
    """The rules of the alerts that ask for the step-up."""
    asking = Asking.objects.filter(action__type="step_up").order_by("at", "pk")
    return list(asking.values_list("alert__rule", flat=True))


def test_what_an_alert_of_another_case_asks_for_too_is_not_let_go(case: Case, other_case: Case) -> None:
    assert asked_by() == ["card_testing", "asks_to_pay_elsewhere"]
    wrong = Alert.objects.get(rule="card_testing")
    case_alerts.disposition(as_(somebody("specialist")), wrong.pk, "cleared")
    settle()
    assert running() == ["step_up"]
    assert case.timeline.filter(summary__startswith="Let go, the alert was wrong: ").count() == 2
    # until nobody asks for it any more, whatever else fired on the same message
    mine = Alert.objects.get(rule="asks_to_pay_elsewhere")
    case_alerts.disposition(as_(somebody("specialist")), mine.pk, "cleared")
    settle()
    assert running() == []
    assert case.timeline.filter(summary__startswith="Let go, the alert was wrong: ").count() == 3


def test_what_an_open_case_asks_for_too_goes_on_there(case: Case, other_case: Case) -> None:
    supervisor = somebody("supervisor")
    case_actions.close(as_(supervisor), taken(case, supervisor).pk, "inconclusive", "Nothing more to learn.")
    settle()
    assert running() == ["step_up"]
    held = Action.objects.get(type="step_up")
    assert held.case_id == other_case.pk
    assert other_case.timeline.filter(summary__startswith="Goes on here, the case that took it").count() == 1
    end_protection({"case": case.pk})
    assert running() == ["step_up"]
    case_actions.close(as_(supervisor), taken(other_case, supervisor).pk, "inconclusive", "Nothing to learn.")
    settle()
    assert running() == []


def test_the_walls_of_a_case_hold_for_its_alerts(case: Case) -> None:
    """Whoever leads somebody close to the subject has no account named, and is kept away all the same."""
    alert, leader = Alert.objects.get(), somebody("supervisor")
    near = somebody("specialist", manager_id=leader.pk)
    staff_actions.wall_off(as_(somebody("administrator")), near.pk, ["customer:c-1"])
    settle()
    for person, refused in ((leader, NotFound), (near, NotFound)):
        with pytest.raises(refused):
            case_alerts.disposition(as_(person), alert.pk, "cleared")
    assert Alert.objects.get().state == "in_case"
    assert labels() == []


def test_the_sensitivity_of_a_case_holds_for_its_alerts(case: Case) -> None:
    Case.objects.update(data_class="P4")
    alert, owner = Alert.objects.get(), somebody("investigator")
    for person in (somebody("specialist"), owner):
        with pytest.raises(AccessDenied):
            case_alerts.disposition(as_(person), alert.pk, "confirmed")
    assert (Alert.objects.get().state, labels()) == ("in_case", [])
    case_actions.assign(as_(somebody("supervisor")), case.pk, owner.pk)
    case_alerts.disposition(as_(owner), alert.pk, "confirmed")
    assert (Alert.objects.get().state, labels()) == ("confirmed", ["FRD-C.stolen_payment"])


def test_alerts_of_other_regions_are_counted(world: None, desk: Desk) -> None:
    desk.test_cards("c-1", region="US-WA")
    desk.test_cards("c-2", device="tablet", region="US-CA")
    ship_once(desk.read)
    here = staff("specialist", regions=("US-WA",))
    found, hidden = queries.alerts(here)
    assert ([alert.subject_id for alert in found], hidden) == (["c-1"], 1)
