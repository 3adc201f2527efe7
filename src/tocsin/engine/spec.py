"""The shape of a rule file. TOML in, these structs out; what they mean is in features, conditions and rules.

[list.NAME]       values or phrases that tests refer to
[feature.NAME]    a number the engine keeps for somebody or something
[[rule]]          when all tests hold: a verdict, a reason, actions
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from tocsin.engine.events import Scalar

WindowName = Literal["5m", "1h", "24h", "7d", "30d"]
Number = int | float


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Common settings: an unknown key is always an error."""


class Scaled(Shape, frozen=True):
    """`times` another number of the same event: a feature's or a field's."""

    times: Number = 1
    feature: str = ""
    field: str | list[str] = ""


Limit = int | float | Scaled | UnsetType


class Test(Shape, frozen=True, rename={"is_": "is"}):
    """One test: exactly one subject (feature, field, entity, or any) and exactly one question about it."""

    __test__ = False  # not a pytest class

    feature: str = ""
    field: str | list[str] = ""
    entity: str = ""
    any: list[Test] = []

    is_: Scalar | UnsetType = UNSET
    is_not: Scalar | UnsetType = UNSET
    one_of: list[Scalar] | UnsetType = UNSET
    at_least: Limit = UNSET
    at_most: Limit = UNSET
    more_than: Limit = UNSET
    less_than: Limit = UNSET
    in_list: str | UnsetType = UNSET
    not_in_list: str | UnsetType = UNSET
    says: str | UnsetType = UNSET
    shows: Literal["link", "phone_number"] | UnsetType = UNSET
    present: bool | UnsetType = UNSET


class ListSpec(Shape, frozen=True):
    """Values (compared whole) or phrases (for `says`; "…" stands for up to five words)."""

    items: list[str]
    note: str = ""


class Count(Shape, frozen=True, tag_field="kind", tag="count"):
    """How many events of these types the window holds for this key."""

    of: list[str]
    per: list[str]
    window: WindowName
    where: list[Test] = []
    note: str = ""


class Sum(Shape, frozen=True, tag_field="kind", tag="sum"):
    """Sum of a whole-number field. Sums of money are kept apart by currency."""

    of: list[str]
    per: list[str]
    window: WindowName
    field: str | list[str]
    where: list[Test] = []
    note: str = ""


class DistinctOf(Shape, frozen=True, tag_field="kind", tag="distinct"):
    """How many different entities (or "field:NAME" values), exact up to 32."""

    values: str
    of: list[str]
    per: list[str]
    window: WindowName
    where: list[Test] = []
    note: str = ""


class Others(Shape, frozen=True, tag_field="kind", tag="others"):
    """As distinct, but the present event's own value is left out: "other accounts on this device"."""

    values: str
    of: list[str]
    per: list[str]
    window: WindowName
    where: list[Test] = []
    note: str = ""


class Since(Shape, frozen=True, tag_field="kind", tag="since"):
    """Seconds since the last such event; unknown when there was none within the window."""

    of: list[str]
    per: list[str]
    window: WindowName
    where: list[Test] = []
    note: str = ""


class Age(Shape, frozen=True, tag_field="kind", tag="age"):
    """Seconds since the first such event; after a gap longer than the window it begins anew."""

    of: list[str]
    per: list[str]
    window: WindowName
    where: list[Test] = []
    note: str = ""


class Speed(Shape, frozen=True, tag_field="kind", tag="speed"):
    """km/h from the last located event to this one, by their senders' clocks; unknown in no time."""

    of: list[str]
    per: list[str]
    window: WindowName
    where: list[Test] = []
    note: str = ""


class Distance(Shape, frozen=True, tag_field="kind", tag="distance"):
    """Metres between the last located event and this one."""

    of: list[str]
    per: list[str]
    window: WindowName
    where: list[Test] = []
    note: str = ""


class Ratio(Shape, frozen=True, tag_field="kind", tag="ratio"):
    """`scale` × (top + prior_top) ÷ (bottom + prior_bottom), rounded down; unknown over nothing or less.

    The priors pull a ratio that rests on little towards prior_top ÷ prior_bottom.
    """

    top: str
    bottom: str
    scale: int = 100
    prior_top: int = 0
    prior_bottom: int = 0
    note: str = ""


FeatureSpec = Count | Sum | DistinctOf | Others | Since | Age | Speed | Distance | Ratio
Counted = Count | Sum | DistinctOf | Others | Since | Age | Speed | Distance


class ActionSpec(Shape, frozen=True):
    """What to ask of the marketplace. `target`: entity kinds, the first one present is meant; "sender" is
    whoever the field `sender` names."""

    type: Literal["watch", "step_up", "hold_order", "block_transaction", "lock_account"]
    target: list[str]


class RuleSpec(Shape, frozen=True):
    """When every test holds. `id` is permanent: renaming a rule cuts it off from its history."""

    id: str
    title: str
    code: str
    on: list[str]
    when: list[Test]
    verdict: Literal["watch", "step_up", "review", "block"]
    severity: Literal["S0", "S1", "S2", "S3", "S4"]
    clause: str
    reason: dict[str, str]
    actions: list[ActionSpec] = []
    fail: Literal["open", "closed"] = "open"
    note: str = ""


class RuleFile(Shape, frozen=True, rename={"lists": "list", "features": "feature", "rules": "rule"}):
    """One file, undecoded below the first level so that one mistake does not hide the next."""

    lists: dict[str, dict] = {}
    features: dict[str, dict] = {}
    rules: list[dict] = []
    note: str = ""
