"""The steps of the ladder (handbook §5). What policy says about them (level, words, who reads twice, strikes)
comes from the table of actions; here stands what is ours: who may take one, what undoes it, what it does to
an account's standing, and which clock ends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.domains.people.models import Account
from tocsin.domains.policies.forms import ActionKind
from tocsin.domains.policies.text import action_table

_STATUS = Account.Status
_INTERIM = "enforcement.interim_suspension"
_HOLD = "enforcement.block_review"
_MONEY = "enforcement.money_hold"


@dataclass(frozen=True, slots=True)
class _Ours:
    """What the table of actions does not say.

    ``inverse`` is said to the marketplace when the action is undone. ``sets`` is the account's status while
    it runs. ``ends`` is the pack's clock that ends it when it protects; with ``always_ends`` a decided one
    too. ``permission`` only where it is not that of the level. ``decidable``: a decision can choose it; the
    others protect, and are no finding.
    """

    inverse: str
    sets: str = ""
    ends: str = _INTERIM
    always_ends: bool = False
    permission: str = ""
    decidable: bool = True


_OURS = {
    "educate": _Ours("nothing_to_undo"),
    "warn": _Ours("withdraw_warning"),
    "restrict_feature": _Ours("restore_feature"),
    "step_up": _Ours("clear_step_up"),
    "block_transaction": _Ours("allow_transaction", ends=_HOLD),
    "hold_order": _Ours("release_order", ends=_HOLD, decidable=False),
    "hold_payout": _Ours("release_payout", ends=_MONEY, always_ends=True),
    "hold_refund": _Ours("release_refund", ends=_MONEY, always_ends=True),
    "suspend_interim": _Ours("restore_account", sets=_STATUS.SUSPENDED_PENDING, decidable=False),
    "suspend_fixed": _Ours("restore_account", sets=_STATUS.SUSPENDED),
    "terminate": _Ours("restore_account", sets=_STATUS.TERMINATED),
    "block_reregistration": _Ours("allow_registration", sets=_STATUS.TERMINATED),
    "unmatch": _Ours("allow_match", ends="", decidable=False),
    "lock_account": _Ours(
        "unlock_account", sets=_STATUS.PROTECTED, permission="cases.protect", decidable=False
    ),
}
#: The permission a level needs (handbook §12): the highest level it reaches, in rising order.
_PERMISSIONS = (
    (2, "cases.decide_1_2"),
    (5, "cases.decide_3_5"),
    (6, "cases.decide_6"),
    (7, "cases.decide_7"),
    (9, "cases.decide_8_9"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of action: what policy says of it (``kind``) and what is ours."""

    kind: ActionKind
    ours: _Ours

    @property
    def type(self) -> str:
        return self.kind.type

    @property
    def level(self) -> int:
        return self.kind.level

    @property
    def label(self) -> str:
        """In English, for staff."""
        return self.kind.label["en"]

    def said(self, feature: str = "") -> str:
        """In English, with the feature it limits, if it limits one."""
        return self.words("en", feature)

    def words(self, language: str, feature: str = "") -> str:
        """In the language of the person it is about, with the feature it limits, if it limits one."""
        step = self.kind.label.get(language, self.label)
        return f"{step}: {feature_words(feature, language)}" if feature else step

    @property
    def inverse(self) -> str:
        return self.ours.inverse

    @property
    def sets(self) -> str:
        return self.ours.sets

    @property
    def decidable(self) -> bool:
        return self.ours.decidable

    @property
    def second_reader(self) -> bool:
        return self.kind.second_reader

    @property
    def strike(self) -> bool:
        return self.kind.strike

    @property
    def permission(self) -> str:
        """What somebody needs in order to take it."""
        return self.ours.permission or permission_for(self.level)

    def ended_by(self, *, protective: bool) -> str:
        """The path of the clock that ends it, empty when it has none."""
        return self.ours.ends if protective or self.ours.always_ends else ""

    def reviewed_by(self, *, protective: bool) -> str:
        """The path of the clock after which a person looks at it while it stands; empty when none does.

        What a machine blocked is looked at by a person; a person's own decision to block was that look."""
        if self.type == "block_transaction" and not protective:
            return ""
        return self.kind.review


def feature_words(feature: str, language: str) -> str:
    """What a feature is called; one we do not know is its id with blanks."""
    known = action_table().features.get(feature, {})
    return known.get(language, feature.replace("_", " "))


def said_of(step: Mapping[str, Any]) -> str:
    """The step a decision chose, in English, for staff; empty when it chose none."""
    kind = str(step.get("type", ""))
    return STEPS[kind].said(str(step.get("feature") or "")) if kind else ""


def permission_for(level: int) -> str:
    """The permission that a step of this level needs."""
    return next(permission for highest, permission in _PERMISSIONS if level <= highest)


#: Every step by its type. A kind of action without its entry above, or the reverse, stops the start.
STEPS: dict[str, Step] = {kind.type: Step(kind, _OURS[kind.type]) for kind in action_table().actions}

#: Which status wins when several actions run on one account at once.
_STRONGEST = (
    _STATUS.TERMINATED,
    _STATUS.SUSPENDED,
    _STATUS.SUSPENDED_PENDING,
    _STATUS.PROTECTED,
    _STATUS.NORMAL,
)


def strongest(statuses: list[str]) -> str:
    """The status an account has while these actions run."""
    return next((status for status in _STRONGEST if status in statuses), _STATUS.NORMAL)
