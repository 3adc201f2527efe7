"""The steps of the ladder (handbook §5): what each is called, who may take it, what undoes it."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.domains.people.models import Account


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of action.

    ``inverse`` is said to the marketplace when the action is undone. ``sets`` is the account status while it runs.
    ``default_days`` is the usual length of a step that ends; 0 for steps without an end of their own.
    """

    type: str
    level: int
    label: str
    permission: str
    inverse: str
    sets: str = ""
    second_reader: bool = False
    strike: bool = False
    default_days: int = 0


_12, _35, _67, _89 = "cases.decide_1_2", "cases.decide_3_5", "cases.decide_6_7", "cases.decide_8_9"
_STATUS = Account.Status

STEPS: dict[str, Step] = {
    step.type: step
    for step in (
        Step("educate", 0, "Education", _12, "nothing to undo: a message was read"),
        Step("warn", 1, "Warning", _12, "withdraw_warning", strike=True),
        Step("restrict_feature", 2, "Feature restriction", _12, "restore_feature", strike=True, default_days=30),
        Step("step_up", 3, "Verify again", _35, "clear_step_up"),
        Step("block_transaction", 4, "Block transaction", _35, "allow_transaction"),
        Step("hold_order", 4, "Hold order", _35, "release_order"),
        Step("hold_payout", 5, "Hold payout", _35, "release_payout", default_days=3),
        Step("hold_refund", 5, "Hold refund", _35, "release_refund", default_days=3),
        Step("suspend_interim", 6, "Interim suspension", _67, "restore_account", _STATUS.SUSPENDED_PENDING, default_days=3),
        Step("suspend_fixed", 7, "Suspension", _67, "restore_account", _STATUS.SUSPENDED, strike=True, default_days=7),
        Step("terminate", 8, "Termination", _89, "restore_account", _STATUS.TERMINATED, second_reader=True, strike=True),
        Step("block_reregistration", 9, "Block re-registration", _89, "allow_registration", second_reader=True),
        Step("unmatch", 1, "Unmatch the pair", _12, "allow_match"),
        Step("lock_account", 4, "Protective lock", "cases.protect", "unlock_account", _STATUS.PROTECTED, default_days=3),
    )
}  # fmt: skip

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
