"""Reads of decisions, actions, notices and appeals."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from tocsin.core.access.check import allows, has, require
from tocsin.core.access.hidden import Page
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import Sealed, Shredded, open_many, open_text
from tocsin.core.errors import NotFound
from tocsin.domains.cases.access import reachable, scope_of, visible
from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.cases.queries import capped, parties
from tocsin.domains.enforcement import appeals as appeal_acts
from tocsin.domains.enforcement import doing, notices
from tocsin.domains.enforcement.models import Action, Appeal, Decision, Notice, PairBlock, Strike
from tocsin.domains.people.models import Account
from tocsin.domains.people.vocabulary import INSTRUMENT_KINDS

#: Kinds of things that actions are taken on.
_TARGETS = ("customer", "shopper", "order", "pair", *INSTRUMENT_KINDS)


@dataclass(frozen=True)
class DecisionView:
    """A decision with its facts opened, as far as the actor may read them (None: covered)."""

    decision: Decision
    facts_internal: str | None
    facts_disclosable: str | None
    appeals: list[Appeal]


def decisions_in(actor: Actor, case: Case) -> list[DecisionView]:
    """The decisions of a case, newest first."""
    require(actor, "cases.view", scope_of(actor, case))
    rows = case.decisions.select_related("decider", "second_reader", "subject")
    found = list(rows.order_by("-decided_at").prefetch_related("appeals"))
    may_read = bool(found) and allows(actor, "cases.view", scope_of(actor, case, "P3"))
    return _opened(found, may_read=may_read)


def _opened(decisions: list[Decision], *, may_read: bool) -> list[DecisionView]:
    """Decisions with their facts, opened with one look at the keys; None for what is covered or erased."""
    sealed = [
        Sealed(decision.case.key_scope, f"decision:{decision.pk}:{name}", value)
        for decision in decisions
        for name, value in (
            ("internal", decision.facts_internal_sealed), ("disclosable", decision.facts_disclosable_sealed),
        )
    ]  # fmt: skip
    texts = iter(open_many(sealed) if may_read else [None] * len(sealed))
    return [DecisionView(one, next(texts), next(texts), list(one.appeals.all())) for one in decisions]


def decision(actor: Actor, decision_id: str) -> DecisionView:
    """One decision.

    Raises:
        NotFound: there is none the actor may know of.
    """
    found = (
        Decision.objects.select_related("case", "decider", "subject", "policy_version")
        .filter(pk=decision_id)
        .first()
    )
    if found is None or not Case.objects.filter(visible(actor), pk=found.case_id).exists():
        raise NotFound("There is no such decision.", "Check the identifier.")
    require(actor, "cases.view", scope_of(actor, found.case))
    return _opened([found], may_read=allows(actor, "cases.view", scope_of(actor, found.case, "P3")))[0]


def actions_in(actor: Actor, case: Case) -> list[Action]:
    """Everything done in a case, newest first."""
    require(actor, "cases.view", scope_of(actor, case))
    return list(case.actions.select_related("account").order_by("-starts_at"))


def running_on(account: Account) -> list[Action]:
    """Actions that hold on an account now."""
    return list(Action.objects.filter(account=account, status__in=doing.RUNNING).order_by("-level"))


def actions_of(
    actor: Actor, *, account: str = "", since: dt.datetime | None = None, cursor: str = "", limit: int = 100
) -> Page[Action]:
    """Actions, newest first: for the marketplace's system all of them, for staff those of cases they may see.

    ``account`` is ``kind:id`` or an id of the marketplace's; ``cursor`` the id of the last one before.
    """
    rows = Action.objects.order_by("-id")
    if account:
        kind, ident = _named(account)
        rows = rows.filter(target_id=ident, **({"target_kind": kind} if kind else {}))
    if since:
        rows = rows.filter(starts_at__gte=since)
    if cursor:
        rows = rows.filter(pk__lt=cursor)
    return _known_page(actor, rows, limit)


def _named(account: str) -> tuple[str, str]:
    """Kind and id of ``kind:id``; an id alone, which may hold colons of its own, has no kind."""
    kind, colon, ident = account.partition(":")
    return (kind, ident) if colon and kind in _TARGETS else ("", account)


def _known_page(actor: Actor, rows: QuerySet[Any], limit: int) -> Page[Any]:
    """A page of rows that hang on a case. Whatever lies between its first and last row and may not be seen
    is counted."""
    known = rows
    if actor.kind != "api_key":
        require(actor, "cases.view")
        known = rows.filter(case__in=Case.objects.filter(visible(actor)))
    items = list(known[: limit + 1])
    more, items = len(items) > limit, items[:limit]
    between = rows.filter(pk__gte=items[-1].pk) if more else rows
    return Page(items, capped(between) - len(items), items[-1].pk if more else "")


@dataclass(frozen=True)
class History:
    """What counts against somebody, and what was found not to."""

    strikes: list[Strike]
    decisions: int
    reversed: int
    blocks: int


def history(account: Account) -> History:
    """The prior history of an account, for the case page and the ladder."""
    now = timezone.now()
    found = Decision.objects.filter(subject=account)
    return History(
        strikes=list(
            Strike.objects.filter(account=account, revoked_at=None, expires_at__gt=now).order_by("-at")
        ),
        decisions=found.filter(state=Decision.State.IN_FORCE, finding="substantiated").count(),
        reversed=found.filter(state=Decision.State.REVERSED).count(),
        blocks=PairBlock.objects.filter(Q(customer=account) | Q(shopper=account), lifted_at=None).count(),
    )


def may_match(customer: Account, shopper: Account) -> bool:
    """Whether two people may be matched. Asked by person, so that a new account of the same person is
    covered."""
    return not PairBlock.objects.filter(
        customer__party=customer.party_id, shopper__party=shopper.party_id, lifted_at=None
    ).exists()


def appeals(
    actor: Actor, *, tab: str = "open", cursor: str = "", limit: int = 50
) -> tuple[list[Appeal], int]:
    """Appeals the actor may hear, oldest first (income loss waits for nobody), and how many are hidden.
    ``cursor`` is the id of the last one before."""
    require(actor, "appeals.view")
    rows = Appeal.objects.select_related("decision__case", "decision__subject", "reviewer")
    if tab == "open":
        rows = rows.filter(state__in=["lodged", "assigned", "info_requested"])
    elif tab == "mine":
        rows = rows.filter(reviewer_id=actor.id)
    known = rows.filter(_known_appeals(actor))
    return list(known.filter(pk__gt=cursor).order_by("id")[:limit]), capped(rows) - capped(known)


def uncovered(actor: Actor, rows: list[Appeal]) -> set[str]:
    """Ids of those appeals that may say in a list whom and what they are about."""
    known = Case.objects.filter(visible(actor))
    return set(
        Appeal.objects.filter(pk__in=[row.pk for row in rows], decision__case__in=known).values_list(
            "pk", flat=True
        )
    )


def waiting(actor: Actor) -> QuerySet[Appeal]:
    """Appeals that wait for an answer. To be counted, with others, in one statement."""
    require(actor, "appeals.view")
    return Appeal.objects.filter(_known_appeals(actor), state__in=Appeal.OPEN_STATES)


def _known_appeals(actor: Actor) -> Q:
    """Appeals the actor may know of: those in cases they may know of. Whoever hears appeals has to find those
    in the most sensitive cases too, in order to take them; what is in them stays covered until then."""
    cases = reachable(actor) if has(actor, "appeals.decide") else visible(actor)
    return Q(decision__case__in=Case.objects.filter(cases))


def appeal(actor: Actor, appeal_id: str) -> tuple[Appeal, str | None]:
    """One appeal and its grounds (None: covered).

    Raises:
        NotFound: there is none the actor may know of.
    """
    require(actor, "appeals.view")
    found = (
        Appeal.objects.select_related("decision__case", "decision__subject", "reviewer")
        .filter(pk=appeal_id)
        .first()
    )
    if found is None or not (_may_read_appeal(actor, found, "P2") or appeal_acts.may_hear(actor, found)):
        raise NotFound("There is no such appeal.", "Check the identifier.")
    if not _may_read_appeal(actor, found, "P3"):
        return found, None
    case = found.decision.case
    return found, open_text(case.key_scope, f"appeal:{found.pk}:grounds", found.grounds_sealed)


def appealed(actor: Actor, found: Appeal) -> DecisionView | None:
    """The decision an appeal is about, its facts opened to those who may read the appeal; None while the case
    is too sensitive to be shown before it is theirs."""
    if not _may_read_appeal(actor, found, "P2"):
        return None
    return _opened([found.decision], may_read=_may_read_appeal(actor, found, "P3"))[0]


def _may_read_appeal(actor: Actor, found: Appeal, data_class: str) -> bool:
    """Those who may read this of the case, and who heard the appeal: what they answered stays theirs to
    read."""
    scope = scope_of(actor, found.decision.case, data_class)
    mine = actor.kind == "staff" and found.reviewer_id == actor.id
    return allows(actor, "appeals.view", replace(scope, hears=scope.hears or mine))


@dataclass(frozen=True)
class PublicNotice:
    """A notice as its reader sees it."""

    notice: Notice
    subject: str
    body: str
    statement: dict[str, Any]
    can_appeal: bool
    appeal_until: dt.datetime | None
    appeal: Appeal | None


def public_notice(notice_id: str, code: str) -> PublicNotice:
    """A notice for the person it was written to, who holds its code.

    Raises:
        NotFound: no such notice, or the code does not fit: the same answer for both.
    """
    fits = notices.code_matches(notice_id, code)
    found = (
        Notice.objects.select_related("case", "decision", "account").filter(pk=notice_id).first()
        if fits
        else None
    )
    if found is None:
        raise NotFound(
            "We cannot open a letter with this address and code.",
            "Use the whole link from your message, or follow up in the app.",
        )
    return _public(found)


def _public(found: Notice) -> PublicNotice:
    opened = notices.content(found)
    made = found.decision
    present = made.appeals.order_by("-lodged_at").first() if made else None
    open_to_appeal = bool(
        made
        and found.kind == "statement_of_reasons"
        and made.state == Decision.State.IN_FORCE
        and present is None
        and (made.appeal_until is None or timezone.now() <= made.appeal_until)
    )
    return PublicNotice(
        found, opened["subject"], opened["body"], opened["statement"], open_to_appeal,
        made.appeal_until if made else None, present,
    )  # fmt: skip


def notices_of(actor: Actor, account: str, *, cursor: str = "", limit: int = 50) -> Page[PublicNotice]:
    """Notices of one account (``kind:id`` or id), newest first. The marketplace shows them to their reader in
    its own app; staff get those of cases whose words they may read."""
    kind, ident = _named(account)
    rows = Notice.objects.select_related("case", "decision", "account").filter(account__external_id=ident)
    if kind:
        rows = rows.filter(account__role=kind)
    if cursor:
        rows = rows.filter(pk__lt=cursor)
    page = _known_page(actor, rows.order_by("-id"), limit)
    read = [found for found in page.items if _may_read(actor, found.case)]
    hidden = page.hidden + len(page.items) - len(read)
    return Page([_public(found) for found in read], hidden, page.next_cursor)


def _may_read(actor: Actor, case: Case) -> bool:
    return actor.kind == "api_key" or allows(actor, "cases.view", scope_of(actor, case, "P3"))


def notices_in(actor: Actor, case: Case) -> list[Notice]:
    """The notices of a case, newest first."""
    require(actor, "cases.view", scope_of(actor, case))
    return list(case.notices.select_related("account").order_by("-issued_at"))


@dataclass(frozen=True)
class Letter:
    """A notice as staff read it on its case. ``subject`` and ``body`` are None when its words are covered for
    the reader (``covered``) or erased."""

    notice: Notice
    subject: str | None
    body: str | None
    covered: bool


def letter(actor: Actor, case: Case, notice_id: str) -> Letter:
    """One notice of a case, with its words as far as the actor may read them. The link that opens it for its
    reader is left out: whoever has it could appeal in their name.

    Raises:
        NotFound: none of this case.
    """
    require(actor, "cases.view", scope_of(actor, case))
    found = case.notices.select_related("account").filter(pk=notice_id).first()
    if found is None:
        raise NotFound("There is no such letter in this case.", "Open it from the case's page.")
    if not _may_read(actor, case):
        return Letter(found, None, None, covered=True)
    try:
        opened = notices.content(found)
    except Shredded:
        return Letter(found, None, None, covered=False)
    return Letter(
        found, opened["subject"], opened["body"].replace(notices.link(found.pk), "…"), covered=False
    )


def subjects(case: Case) -> list[Account]:
    """Whom a decision in this case can be about: the subjects first, then everybody else in it."""
    order = {CaseParty.Part.SUBJECT: 0, CaseParty.Part.AFFECTED: 1, CaseParty.Part.REPORTER: 2}
    rows = sorted(parties(case), key=lambda one: (order.get(CaseParty.Part(one.part), 3), one.pk))
    return list({row.account_id: row.account for row in rows}.values())


def about(case: Case) -> str:
    """The account id of the one person a case is about; empty when there is none, or more than one."""
    held = [row.account_id for row in parties(case) if row.part == CaseParty.Part.SUBJECT]
    return held[0] if len(held) == 1 else ""
