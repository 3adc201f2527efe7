"""Who sees which case: region, sensitivity, assignment, walls; and what is hidden is counted."""

from __future__ import annotations

import itertools

import pytest

from tests.domains import matter
from tests.domains.matter import as_, case_about, settle, somebody, taken
from tocsin.core.access import break_glass
from tocsin.core.errors import AccessDenied, Conflict, NotFound
from tocsin.domains.cases import actions, queries
from tocsin.domains.cases.access import kept_back, visible
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import queries as enforcement
from tocsin.domains.staff import actions as staff_actions
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def sensitive(world: None) -> Case:
    """A case of class P4: sexual violence."""
    case = case_about(["SAF.sexual_assault"])
    assert case.data_class == "P4"
    return case


def listed(person: Staff, **more: str) -> tuple[list[str], int]:
    page = queries.queue(as_(person), tab="all", **more)
    return [case.pk for case in page.items], page.hidden


def wall_off(person: Staff, *refs: str) -> None:
    staff_actions.wall_off(as_(somebody("administrator")), person.pk, list(refs))
    settle()


def test_a_region_is_somebody_elses(world: None) -> None:
    case = case_about(["CON.harassment"])
    here, there = somebody("specialist", regions=["US-WA"]), somebody("specialist", regions=["US-CA"])
    assert listed(here) == ([case.pk], 0)
    assert listed(there) == ([], 1)
    with pytest.raises(AccessDenied) as caught:
        queries.find(as_(there), case.reference)
    assert caught.value.reason == "region"


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("specialist", False), ("investigator", False), ("auditor", False), ("appeals_reviewer", False),
        ("supervisor", True), ("privacy_officer", True),
    ],
)  # fmt: skip
def test_the_most_sensitive_cases_take_an_assignment(sensitive: Case, role: str, sees: bool) -> None:
    person = somebody(role)
    assert listed(person) == (([sensitive.pk], 0) if sees else ([], 1))
    if sees:
        assert queries.find(as_(person), sensitive.pk).pk == sensitive.pk
    else:
        with pytest.raises(AccessDenied):
            queries.find(as_(person), sensitive.pk)


def test_once_given_the_case_an_investigator_sees_it(sensitive: Case, supervisor: Staff) -> None:
    person = somebody("investigator")
    with pytest.raises(AccessDenied):
        actions.assign(as_(person), sensitive.pk, person.pk)
    actions.assign(as_(supervisor), sensitive.pk, person.pk)
    assert listed(person) == ([sensitive.pk], 0)
    assert queries.find(as_(person), sensitive.reference).pk == sensitive.pk


@pytest.mark.parametrize("role", ["specialist", "auditor", "support_agent", "administrator"])
def test_it_cannot_be_given_to_whose_role_never_reaches_it(
    sensitive: Case, supervisor: Staff, role: str
) -> None:
    person = somebody(role)
    with pytest.raises(AccessDenied):
        actions.assign(as_(supervisor), sensitive.pk, person.pk)
    assert Case.objects.get().assignee_id is None


def test_words_are_covered_until_the_case_is_theirs(world: None) -> None:
    case = case_about(["CON.harassment"])
    person = somebody("specialist")
    supervisor = somebody("supervisor")
    actions.add_note(as_(supervisor), case.pk, "The neighbour saw it.")
    assert [line.covered for line in queries.timeline(as_(person), case) if line.entry.kind == "note"] == [
        True
    ]
    taken(case, person)
    held = Case.objects.get(pk=case.pk)
    notes = [line.body for line in queries.timeline(as_(person), held) if line.entry.kind == "note"]
    assert notes == ["The neighbour saw it."]


def test_whoever_is_concerned_knows_of_nothing(world: None) -> None:
    person, boss = somebody("investigator", "Wanda"), somebody("supervisor", "Boss")
    staff_actions.set_manager(as_(somebody("administrator")), person.pk, boss.pk)
    wall_off(person, "shopper:s-1")
    case = case_about(["CON.harassment"])
    assert case.walled_off == sorted([person.pk, boss.pk])
    for one in (person, boss):
        assert listed(one)[0] == []
        for look in (
            lambda one=one: queries.find(as_(one), case.pk),
            lambda one=one: actions.add_note(as_(one), case.pk, "Let me see."),
            lambda one=one: actions.assign(as_(one), case.pk, one.pk),
            lambda one=one: actions.close(as_(one), case.pk, "no_breach", "Nothing to see."),
            lambda one=one: actions.reopen(as_(one), case.pk, "Let me see."),
        ):
            with pytest.raises(NotFound, match="There is no such case"):
                look()
        with pytest.raises(AccessDenied) as caught:
            break_glass.open_glass(
                as_(one), "case", case.pk, "It is urgent, believe me.", walled_off=frozenset(case.walled_off)
            )
        assert caught.value.reason == "walled_off"
    assert Case.objects.get().revision == case.revision
    other = somebody("supervisor", "Other")
    with pytest.raises(AccessDenied):
        actions.assign(as_(other), case.pk, person.pk)


def test_what_does_not_exist_looks_the_same(world: None) -> None:
    with pytest.raises(NotFound, match="There is no such case"):
        actions.add_note(as_(somebody("specialist")), "case_nothing", "Let me see.")


def test_a_wall_that_is_drawn_later_takes_the_case_away(world: None) -> None:
    person = somebody("investigator", "Wanda")
    case = taken(case_about(["CON.harassment"]), person)
    wall_off(person, "customer:c-1")
    held = Case.objects.get()
    assert (held.walled_off, held.assignee_id) == ([person.pk], None)
    with pytest.raises(NotFound):
        queries.find(as_(person), case.pk)
    wall_off(person)
    assert Case.objects.get().walled_off == []
    assert queries.find(as_(person), case.pk).pk == case.pk


def test_glass_opens_one_case_for_a_while(sensitive: Case) -> None:
    person = somebody("investigator", regions=["US-CA"])
    with pytest.raises(AccessDenied):
        queries.find(as_(person), sensitive.pk)
    break_glass.open_glass(as_(person), "case", sensitive.pk, "The family is on the telephone now.")
    assert queries.find(as_(person), sensitive.pk).pk == sensitive.pk


def test_hidden_rows_are_counted_page_by_page(world: None, supervisor: Staff) -> None:
    for ident in ("c-1", "c-2"):
        case_about(["CON.harassment"], subject={"kind": "customer", "id": ident}, order="")
    case_about(["SAF.sexual_assault"])
    person = somebody("investigator")
    assert [len(listed(person)[0]), listed(person)[1]] == [2, 1]
    page = queries.queue(as_(person), tab="all", limit=1)
    assert (len(page.items), page.total, page.hidden) == (1, 2, 1)
    second = queries.queue(as_(person), tab="all", limit=1, cursor=page.next_cursor)
    assert (len(second.items), second.next_cursor) == (1, "")
    assert {page.items[0].pk, second.items[0].pk} == set(listed(person)[0])
    prior, hidden = queries.prior_cases(as_(supervisor), Case.objects.get(data_class="P4"))
    assert (prior, hidden) == ([], 0)


@pytest.mark.parametrize("regions", [["*"], ["US"], ["US-WA"], ["US-CA", "EU"], []])
@pytest.mark.parametrize(
    "role",
    ["specialist", "investigator", "supervisor", "appeals_reviewer", "privacy_officer", "support_agent"],
)
def test_every_case_is_seen_or_kept_back_and_counted_once(world: None, role: str, regions: list[str]) -> None:
    """Every combination of region, sensitivity, wall, assignment and hearing."""
    person = somebody(role, regions=regions)
    template = case_about(["CON.harassment"])
    mixed = itertools.product(
        ("", "US", "US-WA", "US-CA", "USA", "EU-DE"),
        ("P3", "P4"),
        (False, True),
        (False, True),
        (False, True),
    )
    for number, (region, data_class, walled, given, hears) in enumerate(mixed):
        me = [person.pk]
        Case.objects.create(
            id=f"case_{number}", reference=f"M-{number}", desk=template.desk, severity="S3", region=region,
            zone=template.zone, data_class=data_class, walled_off=me if walled else ["stf_other"],
            heard_by=me if hears else [], assignee=person if given else None,
            opened_at=template.opened_at, updated_at=template.opened_at,
        )  # fmt: skip
    actor = as_(person)
    found = list(Case.objects.filter(visible(actor)).values_list("pk", flat=True))
    for part in kept_back(actor):
        found += Case.objects.filter(part).values_list("pk", flat=True)
    assert sorted(found) == sorted(Case.objects.values_list("pk", flat=True))


def test_actions_and_letters_of_hidden_cases_are_hidden_and_counted(
    sensitive: Case, supervisor: Staff
) -> None:
    seen = case_about(["CON.harassment"], subject={"kind": "customer", "id": "c-2"}, order="")
    matter.decided(taken(seen, supervisor), supervisor, "customer:c-2", "C2.1")
    person = somebody("investigator")
    page = enforcement.actions_of(as_(person))
    assert {action.case_id for action in page.items} == {seen.pk}
    assert page.hidden == sensitive.actions.count() > 0
    everything = enforcement.actions_of(matter.MARKETPLACE)
    assert (len(everything.items), everything.hidden) == (len(page.items) + page.hidden, 0)
    # letters hold words: they take the case itself
    letters = enforcement.notices_of(as_(person), "customer:c-2")
    assert (letters.items, letters.hidden) == ([], 1)
    assert [one.notice.kind for one in enforcement.notices_of(as_(supervisor), "customer:c-2").items] == [
        "statement_of_reasons"
    ]
    with pytest.raises(AccessDenied):
        enforcement.notices_of(as_(somebody("trainer")), "customer:c-2")
    with pytest.raises(AccessDenied):
        enforcement.actions_of(as_(somebody("trainer")))


def test_taking_what_somebody_has(world: None) -> None:
    case = case_about(["CON.harassment"])
    first, second, lead = (somebody(role) for role in ("specialist", "specialist", "supervisor"))
    taken(case, first)
    revision = Case.objects.get().revision
    assert taken(case, first).revision == revision
    with pytest.raises(Conflict):
        taken(case, second)
    with pytest.raises(Conflict) as caught:
        actions.assign(as_(lead), case.pk, lead.pk, revision=revision - 1)
    assert caught.value.code == "stale"
    assert actions.assign(as_(lead), case.pk, lead.pk, revision=revision).assignee_id == lead.pk
