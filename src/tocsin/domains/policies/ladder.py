"""The step a clause proposes. Pure: the same facts under the same version give the same step.

A proposal is not a decision. It says which rung of the ladder fits, why, how sure we must be, who may
decide, and whether a machine may take it alone. What counts: breaches that are still alive, aggravators and
mitigators the clause names, the standard of proof that was met, and the rules of the place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta

import msgspec

from tocsin.core.packs.resolve import Resolved
from tocsin.domains.policies.forms import STANDARDS, ActionKind, ActionTable, Clause, Standard, Step
from tocsin.domains.policies.text import action_table

#: No step fits what was found so far.
NOTHING = "none"
_LEVEL_OF_SUSPENSION = 6
_LEVEL_OF_TERMINATION = 8


class PlaceRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the law of the place changes.

    ``human_only``: suspensions and more are decided by a person. ``progressive``: no rung is left out.
    ``egregious``: codes for which no advance notice is owed. ``zero_tolerance``: codes for which a report
    suspends at once. ``advance_notice``: a closed account is told before it takes effect.
    """

    human_only: bool = False
    progressive: bool = False
    egregious: frozenset[str] = frozenset()
    zero_tolerance: frozenset[str] = frozenset()
    advance_notice: bool = False

    @classmethod
    def of(cls, rules: Resolved) -> PlaceRules:
        """Read them from resolved packs."""
        return cls(
            human_only=rules.flag("deactivation.human_only"),
            progressive=rules.flag("deactivation.progressive_discipline"),
            egregious=frozenset(rules.words("deactivation.egregious")),
            zero_tolerance=frozenset(rules.words("deactivation.zero_tolerance")),
            advance_notice=rules.find("deactivation.notice") is not None,
        )


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the case adds.

    ``proof_met`` is the standard the findings reach; None while nobody has said. ``on`` is the day of the
    breach, for counting older ones. ``automated`` tells that no person has looked yet.
    """

    proof_met: Standard | None = None
    on: date | None = None
    automated: bool = False
    place: PlaceRules = PlaceRules()


class ProposedStep(msgspec.Struct, frozen=True, kw_only=True):
    """The proposal.

    Attributes:
        action, level, days, feature: what is proposed; ``none`` and -1 when nothing fits yet.
        rung: 1 to 3, the place on the ladder it came from.
        decides: the least role that may take it. second_reader: whether a second person must confirm.
        automatic: whether a machine may take it alone.
        proof: the standard of proof it needs.
        notice, notice_template: how the person is told. advance_notice: whether before it takes effect.
        training: the course that goes with it.
        interim: the protective step to take first, or None; ``interim_required`` when law leaves no choice.
        reasons: sentences that explain every turn taken.
    """

    action: str
    level: int
    rung: int
    decides: str
    second_reader: bool
    automatic: bool
    proof: Standard
    notice: str
    notice_template: str
    advance_notice: bool
    training: str
    interim: Step | None
    interim_required: bool
    reasons: tuple[str, ...]
    days: int | None = None
    feature: str = ""


def propose(
    clause: Clause,
    prior_strikes: int | Sequence[date] = 0,
    aggravators: Collection[str] = (),
    mitigators: Collection[str] = (),
    facts: Facts = Facts(),  # noqa: B008 - immutable
    *,
    table: ActionTable | None = None,
) -> ProposedStep:
    """Propose a step for a breach of a clause.

    Args:
        clause: the clause in force at that place and time.
        prior_strikes: how many strikes for the same violation are alive, or their days; days outside of the
            clause's window do not count.
        aggravators, mitigators: what the findings name; those the clause does not list are set aside.
        facts: standard of proof met, day, automation, rules of the place.
        table: the ladder of actions; by default the one in force.
    """
    actions = table or action_table()
    alive, reasons = _alive(clause, prior_strikes, facts)
    rung = min(alive, 2) + 1
    rung, moved = _moved(clause, rung, aggravators, mitigators, facts, actions)
    reasons += moved
    step, rung, turned = _proven(clause, rung, facts, actions)
    reasons += turned
    step, eased = _progressive(clause, step, alive, facts, actions)
    reasons += eased
    interim, required, first = _interim(clause, facts)
    reasons += first
    if step is None:
        return _nothing(clause, actions, rung, interim, required, reasons)
    kind = actions.kind(step.action)
    automatic, machine = _automatic(clause, step, kind, facts)
    advance = _advance(clause, kind, facts)
    if advance:
        reasons.append("The law of the place asks for notice before it takes effect.")
    return ProposedStep(
        action=step.action,
        level=kind.level,
        days=step.days,
        feature=step.feature,
        rung=rung,
        decides=kind.decides,
        second_reader=kind.second_reader,
        automatic=automatic,
        proof=_needed(clause, kind),
        notice=kind.notice,
        notice_template=clause.notice_template,
        advance_notice=advance,
        training=clause.training,
        interim=interim,
        interim_required=required,
        reasons=(*reasons, *machine),
    )


def machine_may(level: int, place: PlaceRules) -> bool:
    """Whether the law of the place leaves a step of this level to a machine at all."""
    return not (place.human_only and level >= _LEVEL_OF_SUSPENSION)


def may_automate(clause: Clause, action: str, place: PlaceRules, *, table: ActionTable | None = None) -> bool:
    """Whether a machine may take this action alone for a suspected breach of the clause.

    True only for a step the clause marks as automatic, on its ladder or as its interim step, and where the
    law of the place does not ask for a person.
    """
    kind = (table or action_table()).kind(action)
    if not machine_may(kind.level, place):
        return False
    marked = [step for step in (*clause.ladder.rungs(), clause.interim) if step and step.automatic]
    return kind.level <= clause.auto_allowed and any(step.action == action for step in marked)


def _alive(clause: Clause, prior: int | Sequence[date], facts: Facts) -> tuple[int, list[str]]:
    if isinstance(prior, int):
        count = max(prior, 0)
    else:
        if facts.on is None:
            raise ValueError("to count strikes by their days, the facts must name the day of the breach")
        since = facts.on - timedelta(days=clause.ladder.window_days)
        count = sum(since <= day <= facts.on for day in prior)
    words = {0: "No earlier breach counts.", 1: "One earlier breach counts."}
    return count, [words.get(count, f"{count} earlier breaches count.")]


def _moved(
    clause: Clause,
    rung: int,
    aggravators: Collection[str],
    mitigators: Collection[str],
    facts: Facts,
    actions: ActionTable,
) -> tuple[int, list[str]]:
    """One step up for what makes it worse, one down for what makes it milder, however many there are."""
    reasons = []
    worse = [word for word in clause.aggravators if word in aggravators]
    milder = [word for word in clause.mitigators if word in mitigators]
    if worse:
        reasons.append("Worse because " + _joined(actions.aggravators[word]["en"] for word in worse) + ".")
    if milder:
        reasons.append("Milder because " + _joined(actions.mitigators[word]["en"] for word in milder) + ".")
    aside = sorted((set(aggravators) - set(worse)) | (set(mitigators) - set(milder)))
    if aside:
        reasons.append(f"Set aside, because this clause does not weigh it: {', '.join(aside)}.")
    up = bool(worse)
    if up and facts.place.progressive and clause.violation_code not in facts.place.egregious:
        up = False
        reasons.append("The law of the place asks for one step after the other, so none is skipped.")
    moved = min(3, max(1, rung + up - bool(milder)))
    return moved, reasons


def _proven(
    clause: Clause, rung: int, facts: Facts, actions: ActionTable
) -> tuple[Step | None, int, list[str]]:
    """The rung, or the highest one below it for which the proof is strong enough."""
    rungs = clause.ladder.rungs()
    wanted = rungs[rung - 1]
    needed = _needed(clause, actions.kind(wanted.action))
    if facts.proof_met is None or _enough(facts.proof_met, needed):
        return wanted, rung, []
    said = f"{wanted.action} needs {needed}, and {facts.proof_met} was met."
    for lower in range(rung - 1, 0, -1):
        if _enough(facts.proof_met, _needed(clause, actions.kind(rungs[lower - 1].action))):
            return rungs[lower - 1], lower, [said]
    return None, rung, [said, "No step fits what was found so far."]


def _progressive(
    clause: Clause, step: Step | None, alive: int, facts: Facts, actions: ActionTable
) -> tuple[Step | None, list[str]]:
    """Where discipline must be progressive, a first breach closes no account unless it is egregious."""
    if step is None or alive or not facts.place.progressive:
        return step, []
    closes = actions.kind(step.action).level >= _LEVEL_OF_TERMINATION
    if not closes or clause.violation_code in facts.place.egregious:
        return step, []
    longest = actions.kind("suspend_fixed").max_days
    return (
        Step(action="suspend_fixed", days=longest),
        ["The law of the place asks for one step after the other: a first breach closes no account."],
    )


def _interim(clause: Clause, facts: Facts) -> tuple[Step | None, bool, list[str]]:
    if clause.violation_code in facts.place.zero_tolerance:
        said = "The law of the place asks to suspend at once and to look into it then."
        return clause.interim or Step(action="suspend_interim"), True, [said]
    if clause.interim is not None:
        return clause.interim, False, [f"{clause.interim.action} may come first to protect people."]
    return None, False, []


def _automatic(clause: Clause, step: Step, kind: ActionKind, facts: Facts) -> tuple[bool, list[str]]:
    if not machine_may(kind.level, facts.place):
        return False, ["The law of the place asks that a person decides."]
    if step.automatic and kind.level <= clause.auto_allowed:
        return True, []
    return False, ["A person must decide."] if facts.automated else []


def _advance(clause: Clause, kind: ActionKind, facts: Facts) -> bool:
    return (
        kind.level == _LEVEL_OF_TERMINATION
        and facts.place.advance_notice
        and clause.violation_code not in facts.place.egregious
    )


def _nothing(
    clause: Clause,
    actions: ActionTable,
    rung: int,
    interim: Step | None,
    required: bool,
    reasons: Sequence[str],
) -> ProposedStep:
    wanted = actions.kind(clause.ladder.rungs()[rung - 1].action)
    return ProposedStep(
        action=NOTHING,
        level=-1,
        rung=rung,
        decides=wanted.decides,
        second_reader=False,
        automatic=False,
        proof=_needed(clause, wanted),
        notice="",
        notice_template="",
        advance_notice=False,
        training=clause.training,
        interim=interim,
        interim_required=required,
        reasons=tuple(reasons),
    )


def _needed(clause: Clause, kind: ActionKind) -> Standard:
    """The stronger of what the clause and the action ask for; a message that explains needs no finding."""
    if kind.level == 0:
        return kind.proof
    return max(clause.proof, kind.proof, key=STANDARDS.index)


def _enough(met: Standard, needed: Standard) -> bool:
    return STANDARDS.index(met) >= STANDARDS.index(needed)


def _joined(words: Iterable[str]) -> str:
    listed = list(words)
    return listed[0] if len(listed) == 1 else ", ".join(listed[:-1]) + " and " + listed[-1]
