"""Strategies that write in the language of rules: conditions whose types are right, features, and small
sets."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.engine.builders import rule

LISTS = """
bad = values("d1", "d2")
old = values("d1", entry("d3", until="2026-03-01"), entry("d4", until="2026-03-02"))
rude = phrases("send … code", "good bye", entry("go away", until="2026-03-01"))
mail = domains("example.org", entry("example.net", until="2026-03-02"))
nets = networks("198.51.100.0/24", "2001:db8::/32")
"""
FEATURES = """
orders = count("order.placed", per=customer, within="1h")
paid = sum(amount_minor, of="order.placed", per=customer, within="1h")
typical = mean(amount_minor, of="order.placed", per=customer, within="1h")
share = ratio(paid, orders)
known_bad = labelled(customer, "bad")
how_bad = confidence(customer, "bad")
"""

WHOLE = ("response_ms", "store_distance_m", "confidence")
DECIMAL = ("accuracy_m", "lat", "lon")
TEXT = ("sender", "reason", "region")
IDS = ("customer", "device", "card")
FLAGS = ("rush", "mock", "match")
WORDS = ("a", "b", "d1", "d3", "d4", "x@example.org", "198.51.100.7")
SMALL = st.integers(-4, 4)
HALVES = st.sampled_from([-1.5, -0.5, 0.0, 0.5, 1.0, 2.5])
COMPARE = st.sampled_from([">", ">=", "<", "<=", "==", "!="])
MEMBER = st.sampled_from(["in", "not in"])


def said(*parts: Any) -> st.SearchStrategy[str]:
    """Pieces of text one after the other, spaces between them."""
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map(" ".join)


def conditions(features: tuple[str, ...] = (), flags: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Anything that is true or false, of fields, entities and these features (numbers, and true or false)."""
    named = st.sampled_from([*WHOLE, *DECIMAL, *features])
    leaves = st.one_of(named, SMALL.map(str), HALVES.map(str))
    numbers = st.recursive(
        leaves, lambda inside: said("(", inside, st.sampled_from("+-*/"), inside, ")"), max_leaves=4
    )
    names = st.sampled_from([*TEXT, *IDS])
    words = st.sampled_from(WORDS).map(repr)
    some = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(repr)
    everything = [*WHOLE, *DECIMAL, *TEXT, *IDS, *FLAGS, *features, *flags]
    atoms = st.one_of(
        said(numbers, COMPARE, named),
        said(named, COMPARE, numbers),
        said(leaves, COMPARE, named, COMPARE, leaves),
        said(names, st.sampled_from(["==", "!="]), names | words),
        said(names, MEMBER, st.sampled_from(["bad", "old", "mail", "nets"]) | some),
        st.sampled_from([*FLAGS, *flags]),
        st.sampled_from(everything).map(lambda name: f"known({name})"),
        st.sampled_from(["says(text, rude)", "shows_link(text)", "shows_phone(text)", "True"]),
        said("metres_between(lat, lon, 1,", SMALL.map(str), ")", COMPARE, "150000"),
    )
    return st.recursive(
        atoms,
        lambda inside: st.one_of(
            said("not (", inside, ")"),
            said("(", inside, ") and (", inside, ")"),
            said("(", inside, ") or (", inside, ") or (", inside, ")"),
        ),
        max_leaves=7,
    )


#: What an event carries; anything may be missing.
values = st.fixed_dictionaries(
    {},
    optional={
        "response_ms": st.none() | SMALL,
        "store_distance_m": st.none() | SMALL,
        "confidence": st.integers(0, 4),
        "amount_minor": st.none() | SMALL,
        "accuracy_m": st.none() | st.sampled_from([0, 0.5, 1, 2.5]),
        "lat": HALVES | SMALL,
        "lon": HALVES | SMALL,
        **{name: st.none() | st.sampled_from(WORDS) for name in ("sender", "reason")},
        **{name: st.sampled_from(["a", "b", "d1", "d3", "d4"]) for name in (*IDS, "region")},
        **{name: st.none() | st.booleans() for name in FLAGS},
        "text": st.sampled_from(["send the code", "www.example.org", "call 206-555-0143", "go away", "hm"]),
    },
)

_WHERE = conditions()
_WHEN = conditions(("f0", "f1"))
_PARTS = st.sampled_from([*TEXT, *IDS, *WHOLE, "rush", "text", "total_minor", "currency"])
_NUMBERS = st.sampled_from([*WHOLE, "total_minor", "amount_minor"])
_WINDOWS = st.sampled_from(["5m", "1h", "24h", "7d", "30d", "60d", "90d"]).map(repr)
_COUNTED = ("count", "since", "age", "speed", "distance")
_SUMMED = ("sum", "mean", "min", "max", "first", "last")
_OTHERS = (
    "ratio(f0, f1)", "ratio(f1, f0, scale=7, prior=(1, 2))", 'labelled(customer, "x")',
    'confidence(device, "x")', 'listed(sender, "x")', "linked_accounts()", "removed_nearby()", 'score("m")',
)  # fmt: skip


@st.composite
def features(draw: st.DrawFn) -> str:
    """The right side of a feature's declaration. `f0` and `f1` are names of features of whole numbers."""
    if draw(st.booleans()):
        return draw(st.sampled_from(_OTHERS))
    kind = draw(st.sampled_from([*_COUNTED, *_SUMMED, "distinct", "others"]))
    value = "" if kind in _COUNTED else f"{draw(_NUMBERS if kind in _SUMMED else _PARTS)}, "
    per = ", ".join(draw(st.lists(_PARTS, min_size=1, max_size=3)))
    of = draw(st.sampled_from(['"order.placed"', '["order.placed", "custom.x"]']))
    where = f", where={draw(_WHERE)}" if draw(st.booleans()) else ""
    return f"{kind}({value}of={of}, per=[{per}], within={draw(_WINDOWS)}{where})"


@st.composite
def sets(draw: st.DrawFn) -> str:
    """A small set of rules in which everything is well written."""
    lines = [LISTS]
    lines += [
        f'f{n} = count("order.placed", per=[{draw(_PARTS)}, {draw(_PARTS)}], within={draw(_WINDOWS)})'
        for n in range(2)
    ]
    lines += [f"f{n} = {draw(features())}" for n in range(2, 5)]
    lines.append(f"d0 = {draw(_WHEN)}")
    for n in range(draw(st.integers(0, 3))):
        more = draw(
            st.sampled_from(["", 'fail = "closed"', 'jurisdictions = "US"', "actions = [watch(sender)]"])
        )
        known = draw(st.sampled_from(["known(f2)", "known(f3) and not known(f4)", "d0"]))
        when = f"({draw(_WHEN)}) or {known}"
        lines.append(rule(when, f"r{n}", "watch", more=more, on='["order.placed", "custom.y"]'))
    return "\n".join(lines)
