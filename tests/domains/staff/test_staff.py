"""Managing staff: nobody changes their own access, somebody always remains, all is written down."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tocsin.core.actor import Actor, system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.domains.staff import actions, queries
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
PASSWORD = "amber-birch-4711"


def add(name: str, *roles: str, **more: object) -> Staff:
    told = {
        "email": f"{name.split()[0].lower()}@example.com",
        "name": name,
        "roles": roles,
        "regions": ["US"],
    }
    return actions.add(system("test"), **{**told, **more})  # type: ignore[arg-type]


@pytest.fixture
def boss() -> Actor:
    return add("Bea Boss", "administrator", password=PASSWORD).actor(purpose="operations")


def test_somebody_new_can_sign_in_and_is_written_down(boss: Actor) -> None:
    ivy = actions.add(
        boss, email=" Ivy@Example.com ", name=" Ivy Okafor ", roles=["specialist", "specialist"],
        regions=["US-CA"], password=PASSWORD,
    )  # fmt: skip
    assert (ivy.email, ivy.name, ivy.roles, ivy.initials) == (
        "ivy@example.com",
        "Ivy Okafor",
        ["specialist"],
        "IO",
    )
    assert ivy.check_password(PASSWORD)
    entry = AuditEntry.objects.get(object_id=ivy.pk, verb="staff.add")
    assert PASSWORD not in entry.payload
    assert "argon2" not in entry.payload


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"email": "nobody"}, "email"), ({"name": " "}, "name"), ({"name": "x" * 121}, "name"),
        ({"roles": ["king"]}, "roles"), ({"regions": ["everywhere"]}, "regions"),
        ({"password": "short"}, "password"), ({"password": "password1234"}, "password"),
        ({"password": "ivy@example.com"}, "password"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(boss: Actor, changed: dict, field: str) -> None:
    told = {
        "email": "ivy@example.com",
        "name": "Ivy",
        "roles": ["specialist"],
        "regions": ["*"],
        "password": PASSWORD,
    }
    with pytest.raises(InvalidInput) as caught:
        actions.add(boss, **{**told, **changed})
    assert list(caught.value.fields) == [field]
    assert Staff.objects.count() == 1


def test_an_address_belongs_to_one_person(boss: Actor) -> None:
    add("Ivy Okafor", "specialist")
    with pytest.raises(Conflict):
        actions.add(boss, email="IVY@example.com", name="Other", roles=[], regions=[])
    assert Staff.objects.filter(name="Other").count() == 0


def test_roles_change_at_once_and_only_for_others(boss: Actor) -> None:
    ivy = add("Ivy Okafor", "specialist")
    actions.change_access(boss, ivy.pk, roles=["investigator"], regions=["GB", "US"])
    ivy.refresh_from_db()
    assert ivy.actor().roles == {"investigator"}
    assert ivy.regions == ["GB", "US"]
    for act in (
        lambda: actions.change_access(boss, boss.id, roles=["supervisor"], regions=["*"]),
        lambda: actions.set_active(boss, boss.id, False),
    ):
        with pytest.raises(AccessDenied) as caught:
            act()
        assert caught.value.reason == "own"
    assert Staff.objects.get(pk=boss.id).roles == ["administrator"]


def test_nobody_without_the_right_manages_anybody() -> None:
    ivy, sue = add("Ivy Okafor", "investigator"), add("Sue Visor", "supervisor")
    for act in (
        lambda: actions.add(sue.actor(), email="a@b.example", name="A", roles=[], regions=[]),
        lambda: actions.change_access(sue.actor(), ivy.pk, roles=["supervisor"], regions=["*"]),
        lambda: actions.wall_off(sue.actor(), ivy.pk, []),
        lambda: actions.set_manager(sue.actor(), ivy.pk, sue.pk),
        lambda: actions.set_active(sue.actor(), ivy.pk, False),
        lambda: actions.set_password(sue.actor(), ivy.pk, PASSWORD),
        lambda: queries.everybody(sue.actor()),
    ):
        with pytest.raises(AccessDenied):
            act()
    assert Staff.objects.count() == 2
    assert Staff.objects.get(pk=ivy.pk).roles == ["investigator"]


@pytest.mark.django_db(transaction=True)
def test_two_who_shut_each_other_out_at_once_leave_one(boss: Actor) -> None:
    other = add("Ada Second", "administrator").actor(purpose="operations")

    def shut_out(pair: tuple[Actor, Actor]) -> bool:
        try:
            actions.set_active(pair[0], pair[1].id, False)
            return True
        except Conflict:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(shut_out, [(boss, other), (other, boss)]))
    assert sorted(done) == [False, True]
    assert Staff.objects.filter(is_active=True).count() == 1


def test_one_may_set_ones_own_password_and_a_weak_one_is_refused() -> None:
    ivy = add("Ivy Okafor", "specialist", password=PASSWORD)
    actions.set_password(ivy.actor(), ivy.pk, "cedar-dusk-8122")
    ivy.refresh_from_db()
    assert ivy.check_password("cedar-dusk-8122")
    with pytest.raises(InvalidInput):
        actions.set_password(ivy.actor(), ivy.pk, "1234")
    ivy.refresh_from_db()
    assert ivy.check_password("cedar-dusk-8122")


def test_nobody_leads_themselves_around_a_corner(boss: Actor) -> None:
    ann, bob, cleo = add("Ann A", "supervisor"), add("Bob B", "supervisor"), add("Cleo C", "specialist")
    actions.set_manager(boss, bob.pk, ann.pk)
    actions.set_manager(boss, cleo.pk, bob.pk)
    for person, leader in ((ann, cleo), (ann, ann)):
        with pytest.raises(InvalidInput):
            actions.set_manager(boss, person.pk, leader.pk)
    cleo.refresh_from_db()
    assert queries.line_above(cleo) == [bob.pk, ann.pk]
    Staff.objects.filter(pk=ann.pk).update(manager=cleo.pk)
    assert queries.line_above(Staff.objects.get(pk=cleo.pk)) == [bob.pk, ann.pk, cleo.pk]


def test_a_circle_in_the_data_does_not_hang_the_next_change(boss: Actor) -> None:
    ann, bob, cleo = add("Ann A", "supervisor"), add("Bob B", "supervisor"), add("Cleo C", "specialist")
    Staff.objects.filter(pk=ann.pk).update(manager=bob.pk)
    Staff.objects.filter(pk=bob.pk).update(manager=ann.pk)
    actions.set_manager(boss, cleo.pk, ann.pk)
    assert Staff.objects.get(pk=cleo.pk).manager_id == ann.pk


def test_own_accounts_are_kept_apart_by_their_names(boss: Actor) -> None:
    ivy = add("Ivy Okafor", "investigator")
    actions.wall_off(boss, ivy.pk, ["customer:c-1", "customer:c-1", "shopper:s-9"])
    ivy.refresh_from_db()
    assert ivy.actor().kept_from == {"customer:c-1", "shopper:s-9"}
    for wrong in ("c-1", "store:s", "customer:", "customer:" + "x" * 80):
        with pytest.raises(InvalidInput):
            actions.wall_off(boss, ivy.pk, [wrong])
    ivy.refresh_from_db()
    assert len(ivy.walled_off_accounts) == 2
    longest = f"customer:{'x' * 64}"
    assert actions.wall_off(boss, ivy.pk, [longest]).walled_off_accounts == [longest]


def test_work_can_be_given_to_those_who_may_do_it_there() -> None:
    ivy = add("Ivy Okafor", "investigator")
    add("Sam Supp", "trainer")
    add("Gus Gone", "investigator", regions=["GB"])
    left = add("Lee Left", "investigator")
    Staff.objects.filter(pk=left.pk).update(is_active=False)
    found = queries.colleagues(ivy.actor(), permission="cases.work", region="US-CA")
    assert [one.name for one in found] == ["Ivy Okafor"]
    assert len(queries.colleagues(ivy.actor())) == 3


def test_nobody_is_found_who_is_not_there() -> None:
    with pytest.raises(NotFound):
        queries.find("stf_nobody")
