"""Reading the declaration of a feature: `name = count("payment.declined", per=card, within="1h")`."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from typing import Final

from tocsin.engine.language.arguments import Arguments
from tocsin.engine.language.expressions import Names, Reader
from tocsin.engine.language.functions import FUNCTIONS, Function
from tocsin.engine.language.nodes import Feature, Get, Node, gets
from tocsin.engine.language.problems import Problems, Spot, nearest
from tocsin.engine.schema import OWN_TYPE_PREFIX
from tocsin.engine.spans import WINDOWS

NAME: Final = re.compile(r"\A[a-z][a-z0-9_]{0,63}\Z")
MAX_DEPTH: Final = 8  # of features that rest on features
MAX_KEY: Final = 6  # parts of one
MAX_KEYS: Final = 200  # different ones in a set: each is a table
MAX_SCALE: Final = 1_000_000
MAX_PRIOR: Final = 1_000_000_000
_OWN_TYPE: Final = re.compile(r"\Acustom\.[a-z0-9_]{1,48}\Z")


_LINK_KINDS: Final = ("linked_accounts", "removed_nearby")
_VALUED: Final = ("sum", "mean", "min", "max", "distinct", "others", "first", "last")


class FeatureReader:
    """Reads the features of one file. The names of all features are known already."""

    def __init__(self, file: str, names: Names, problems: Problems) -> None:
        self._file = file
        self._names = names
        self._problems = problems
        self._expressions = Reader(file, names, problems)

    def read(self, name: str, tree: ast.Call) -> Feature | None:
        """The whole declaration; None with problems noted."""
        called = tree.func.id if isinstance(tree.func, ast.Name) else ""
        function = FUNCTIONS[called]
        arguments = Arguments.of_call(self._file, tree, function.places, function.settings, self._problems)
        if arguments is None:
            return None
        before = len(self._problems.found)
        note = arguments.text("note", "") or ""
        spot = Spot.of(self._file, tree)
        if function.counted:
            made = self._counted(name, function, arguments, note, spot)
        elif called == "ratio":
            made = self._ratio(name, arguments, note, spot)
        elif called == "pace":
            made = self._pace(name, arguments, note, spot)
        else:
            made = self._other(name, function, arguments, note, spot)
        return made if len(self._problems.found) == before else None

    def _counted(self, name: str, function: Function, given: Arguments, note: str, spot: Spot) -> Feature:
        of = given.texts("of") or ()
        check_types(of, "of", self._names, given)
        window = given.text("within") or ""
        if window and window not in WINDOWS:
            given.say(f'There is no window "{window}". Expected one of: {", ".join(WINDOWS)}.', "within")
        return Feature(
            name,
            function.kind,
            function.type,
            of=of,
            per=self._per(given),
            window=window,
            value=self._value(function.kind, given) if function.kind in _VALUED else None,
            where=self._where(given),
            note=note,
            spot=spot,
        )

    def _per(self, given: Arguments) -> tuple[Get, ...]:
        trees = given.parts("per")
        if not trees:
            given.say(
                '"per" is missing: whose number is it? For example per=card, or per=[customer, shopper].',
                "per",
            )
        found = [self._expressions.get(tree, "per") for tree in trees]
        if any(part is not None and part.type == "number" for part in found):
            given.say("Numbers with a point are never quite alike; name a text, id or whole number.", "per")
        if len(found) > MAX_KEY:
            given.say(f'"per" names at most {MAX_KEY} things.', "per")
        return tuple(dict.fromkeys(part for part in found if part is not None))

    def _value(self, kind: str, given: Arguments) -> Get | None:
        tree = given.given.get("value")
        if tree is None:
            given.say(f"{kind}() begins with the name of a field: what is looked at?")
            return None
        got = self._expressions.get(tree, "value")
        if got is None:
            return None
        if kind in ("distinct", "others"):
            if got.type == "number":
                given.say(
                    "Numbers with a point are never quite alike; name a text, id or whole number.", "value"
                )
        elif got.type != "int":
            given.say(
                f"{kind}() needs a whole-number field. Sums of numbers with a point would drift.", "value"
            )
        return got

    def _where(self, given: Arguments) -> Node | None:
        tree = given.given.get("where")
        return None if tree is None else self._expressions.condition(tree)

    def _ratio(self, name: str, given: Arguments, note: str, spot: Spot) -> Feature:
        top, bottom = self._whole_feature("top", given), self._whole_feature("bottom", given)
        scale = given.whole("scale", 100, 1, MAX_SCALE)
        prior = given.parts("prior")
        numbers = [part.value for part in prior if isinstance(part, ast.Constant) and type(part.value) is int]
        fine = len(prior) == len(numbers) == 2 and max(numbers) <= MAX_PRIOR
        if "prior" in given.given and not fine:
            given.say(f'"prior" is two whole numbers from 0 to {MAX_PRIOR}: (top, bottom).', "prior")
        priors = (numbers[0], numbers[1]) if fine else (0, 0)
        return Feature(
            name, "ratio", "int", uses=(top, bottom), numbers=(scale or 1, *priors, 1), note=note, spot=spot
        )

    def _pace(self, name: str, given: Arguments, note: str, spot: Spot) -> Feature:
        """recent / its window against usual / its window, in percent."""
        recent, usual = self._whole_feature("recent", given), self._whole_feature("usual", given)
        features = self._names.features
        windows = [
            WINDOWS.get(features[used].window) if used in features else None for used in (recent, usual)
        ]
        times, over = 1, 1
        if windows[0] is None or windows[1] is None:
            given.say("pace() compares two features that each have a window of their own.")
        elif windows[0].length >= windows[1].length:
            given.say("pace(recent, usual): the first window must be shorter than the second.")
        else:
            shared = math.gcd(windows[0].length, windows[1].length)
            times, over = windows[1].length // shared, windows[0].length // shared
        numbers = (100 * times, 0, 0, over)
        return Feature(name, "ratio", "int", uses=(recent, usual), numbers=numbers, note=note, spot=spot)

    def _whole_feature(self, key: str, given: Arguments) -> str:
        tree = given.given.get(key)
        name = tree.id if isinstance(tree, ast.Name) else ""
        feature = self._names.features.get(name)
        if feature is None:
            given.say(f'"{key}" is the name of a feature.{nearest(name, self._names.features)}', key)
        elif feature.type != "int":
            given.say(f'"{name}" is no whole number.', key)
        return name

    def _other(self, name: str, function: Function, given: Arguments, note: str, spot: Spot) -> Feature:
        value, word = None, ""
        if function.kind in ("labelled", "confidence"):
            value, word = self._one(given, "who"), given.text("label") or ""
            if value is not None and value.kind != "entity":
                given.say("Labels are borne by entities: customer, shopper, device, …", "who")
        elif function.kind == "listed":
            value, word = self._one(given, "value"), given.text("list") or ""
            if value is not None and value.type not in ("text", "id"):
                given.say("Lists hold texts and ids.", "value")
        elif function.kind == "score":
            word = given.text("model") or ""
        if function.places and not NAME.match(word):
            given.say(f'"{word[:64]}" is no name: small letters, digits and _, a letter first.')
        return Feature(name, function.kind, function.type, value=value, word=word, note=note, spot=spot)

    def _one(self, given: Arguments, key: str) -> Get | None:
        tree = given.given.get(key)
        if tree is None:
            given.say(f'"{key}" is missing.')
            return None
        return self._expressions.get(tree, key)


def check_types(types: tuple[str, ...], key: str, names: Names, given: Arguments) -> None:
    """Event types exist, or are the marketplace's own."""
    for name in types:
        if name not in names.schema.events and not _OWN_TYPE.match(name):
            hint = nearest(name, names.schema.events)
            given.say(
                f'There is no event type "{name[:64]}".{hint} Your own begin with "{OWN_TYPE_PREFIX}".', key
            )


def check_features(names: Names, problems: Problems) -> None:
    """No circles, no towers, few enough keys; a test inside a feature looks only at features of its own
    key."""
    heights = _heights(names.features)
    for feature in names.features.values():
        spot = _spot(feature)
        height = heights.get(feature.name)
        if height is None:
            problems.add(spot, "This feature needs itself, directly or through others.")
        elif height > MAX_DEPTH:
            problems.add(spot, f"Features may rest on each other at most {MAX_DEPTH} deep.")
    if problems:
        return
    keys = keys_of(names.features, heights)
    for feature in names.features.values():
        own = {part.name for part in feature.per}
        for used in _tested(feature):
            if not keys[used] <= own:
                owners = " and ".join(sorted(keys[used]))
                problems.add(
                    _spot(feature),
                    f'"{used}" belongs to {owners}; "where" may only use features of its own key.',
                )
    different = {
        (feature.per, _is_money(feature.value)) for feature in names.features.values() if feature.per
    }
    if len(different) > MAX_KEYS:
        last = list(names.features.values())[-1]
        problems.add(_spot(last), f"There are more than {MAX_KEYS} different keys (per=…) in this set.")


def link_features(names: Names) -> set[str]:
    """The features that say no more than that accounts share something."""
    features, found = names.features, set[str]()
    heights = _heights(features)
    for name in sorted(features, key=lambda name: heights[name]):
        feature = features[name]
        if feature.uses:
            says_so = all(used in found for used in feature.uses)
        else:
            says_so = feature.kind in _LINK_KINDS or _counts_accounts(feature, names.schema.accounts)
        if says_so:
            found.add(name)
    return found


def _counts_accounts(feature: Feature, accounts: tuple[str, ...]) -> bool:
    """How many accounts something that is no account has seen."""
    if feature.kind not in ("distinct", "others") or feature.value is None:
        return False
    return feature.value.name in accounts and not {part.name for part in feature.per} & set(accounts)


def needs(feature: Feature) -> tuple[str, ...]:
    """The other features this one reads."""
    return tuple(dict.fromkeys((*feature.uses, *_tested(feature))))


def keys_of(features: Mapping[str, Feature], heights: Mapping[str, int]) -> dict[str, frozenset[str]]:
    """The parts of the keys that each feature rests on."""
    found: dict[str, frozenset[str]] = {}
    for name in sorted(features, key=lambda name: heights[name]):
        feature = features[name]
        own = frozenset(part.name for part in feature.per)
        found[name] = own.union(*(found[used] for used in feature.uses))
    return found


def _heights(features: Mapping[str, Feature]) -> dict[str, int]:
    """How many features lie below each. Those in a circle, or above one, have none."""
    found: dict[str, int] = {}
    left = {name: set(needs(feature)) for name, feature in features.items()}
    height = 0
    while ready := [name for name, below in left.items() if not below]:
        found |= dict.fromkeys(ready, height)
        for name in ready:
            del left[name]
        done = set(ready)
        for below in left.values():
            below -= done
        height += 1
        if height > MAX_DEPTH + 1 and left:  # no need to look how much higher a tower is
            circular = _in_circles(left)
            return found | {name: height for name in left if name not in circular}
    return found


def _in_circles(left: dict[str, set[str]]) -> set[str]:
    """Those that never become ready."""
    users: dict[str, list[str]] = {}
    for name, below in left.items():
        for used in below:
            users.setdefault(used, []).append(name)
    ready = [name for name, below in left.items() if not below]
    while ready:
        done = ready.pop()
        del left[done]
        for user in users.get(done, ()):
            left[user].discard(done)
            if not left[user]:
                ready.append(user)
    return set(left)


def _tested(feature: Feature) -> list[str]:
    inside = gets(feature.where) if feature.where is not None else []
    return [got.name for got in inside if got.kind == "feature"]


def _is_money(value: Get | None) -> bool:
    return value is not None and value.kind == "field" and value.name.endswith("_minor")


def _spot(feature: Feature) -> Spot:
    return feature.spot or Spot("", 1, 1, 1)


def features_of(features: Mapping[str, Feature], kind: str) -> dict[str, Feature]:
    """The features that are about one entity of this kind alone: counted per it and nothing else, worked out
    of such, or labels that it bears. Events that do not name the entity cannot change them."""
    keys = keys_of(features, _heights(features))
    return {
        name: feature
        for name, feature in features.items()
        if keys[name] == {kind}
        or (feature.kind in ("labelled", "confidence") and feature.value and feature.value.name == kind)
    }
