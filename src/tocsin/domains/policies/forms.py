"""The form of a policy: promises we make, clauses that bind people, and the ladder of each clause."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

Standard = Literal["reasonable_suspicion", "reasonable_belief", "preponderance"]
Role = Literal["customer", "shopper", "store", "employee"]
Severity = Literal["S0", "S1", "S2", "S3"]
Automation = Literal["always", "severe", "never"]

#: From the weakest to the strongest.
STANDARDS: tuple[Standard, ...] = ("reasonable_suspicion", "reasonable_belief", "preponderance")
#: English is the source; the others are translations.
SOURCE_LANGUAGE = "en"
LANGUAGES = ("en", "es")
#: The place that means everywhere else.
EVERYWHERE = ""

Localised = dict[str, str]


class ActionKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of action of ``actions.toml``.

    ``decides`` is the least role that may take it. ``automatic`` tells when a machine may take it alone; with
    ``severe`` only for S0 and S1. ``review`` is the path of the clock after which a person looks again.
    ``inverse`` says in words what undoing it means. ``strike`` tells whether it counts on the ladder.
    """

    type: str
    level: int
    decides: Literal["specialist", "investigator", "supervisor"]
    automatic: Automation
    proof: Standard
    notice: Literal["in_app", "notice", "statement_of_reasons", "protected_person"]
    inverse: str
    label: Localised
    second_reader: bool = False
    strike: bool = False
    review: str = ""
    min_days: int | None = None
    max_days: int | None = None


class ActionTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``actions.toml``: the ladder of kinds, what features are called, and the words for what weighs on
    either side."""

    version: str
    actions: tuple[ActionKind, ...]
    features: dict[str, Localised]
    aggravators: dict[str, Localised]
    mitigators: dict[str, Localised]

    def kind(self, action: str) -> ActionKind:
        """The kind with this name. KeyError when there is none."""
        for one in self.actions:
            if one.type == action:
                return one
        raise KeyError(action)


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rung. ``automatic``: a machine may take it alone. ``feature`` names what is limited."""

    action: str
    days: int | None = None
    feature: str = ""
    automatic: bool = False


class Ladder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a first, second and third breach lead to; older ones than ``window_days`` do not count."""

    first: Step
    second: Step
    third: Step
    window_days: int

    def rungs(self) -> tuple[Step, Step, Step]:
        """The steps in order."""
        return self.first, self.second, self.third


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule.

    Attributes:
        id: stable for good, such as ``C1.8``.
        violation_code: the code of the taxonomy that a breach is found under.
        applies_to, jurisdictions: whom and where it binds; no jurisdiction means everywhere.
        severity: of a breach, when nothing else is known.
        proof: the least standard of proof for a final step; an action may ask for more.
        ladder: the steps.
        interim: a protective step that comes first; reversible, time-boxed, not a finding.
        auto_allowed: the highest level a machine may take alone; -1 for none.
        aggravators, mitigators: what moves the step one up or one down, and nothing else does.
        notice_template, training: what goes with it.
        revised: when the text of each language was last changed.
    """

    id: str
    violation_code: str
    applies_to: tuple[Role, ...]
    severity: Severity
    title: Localised
    text: Localised
    ladder: Ladder
    jurisdictions: tuple[str, ...] = ()
    proof: Standard = "reasonable_suspicion"
    interim: Step | None = None
    auto_allowed: int = -1
    aggravators: tuple[str, ...] = ()
    mitigators: tuple[str, ...] = ()
    notice_template: str = "statement_of_reasons"
    training: str = ""
    revised: dict[str, date] = {}


class Provision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A promise that binds us. Nobody can breach it, so it has no violation code and no ladder."""

    id: str
    title: Localised
    text: Localised


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of clauses. ``revised`` holds for each clause that has no dates of its own."""

    section: str
    title: Localised
    revised: dict[str, date]
    clauses: tuple[Clause, ...]


class PolicyHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``policy.toml``. ``enforceable_from`` is by jurisdiction, with ``""`` for everywhere else;
    ``published_by_state`` says when an authority published the policy, where that matters."""

    id: str
    version: int
    published: date
    effective: date
    owner: str
    title: Localised
    summary: Localised
    enforceable_from: dict[str, date]
    published_by_state: dict[str, date] = {}
    provisions: tuple[Provision, ...] = ()


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a policy, whole. ``content_hash`` is the SHA-256 over its files."""

    header: PolicyHeader
    sections: tuple[Section, ...]
    content_hash: str

    @property
    def version_id(self) -> str:
        """Such as ``conduct@1``."""
        return f"{self.header.id}@{self.header.version}"

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """All clauses, in the order of the files."""
        return tuple(clause for section in self.sections for clause in section.clauses)

    def enforceable_on(self, region: str) -> date:
        """The first day the clauses bind in a region; the nearest place around it that is named decides."""
        parts = region.split("-") if region else []
        for count in range(len(parts), 0, -1):
            place = "-".join(parts[:count])
            if place in self.header.enforceable_from:
                return self.header.enforceable_from[place]
        return self.header.enforceable_from[EVERYWHERE]
