"""The city areas the marketplace serves, read once from data/places.json."""

from __future__ import annotations

import json
import random
from functools import cache
from importlib.resources import files
from typing import Any

from simulator.geo import Point, near
from simulator.model import Address, Area, Store

WALK_M = (80.0, 600.0)
"""How far homes lie from their store. Small on purpose: motion is never time-compressed, so short trips
keep deliveries quick while every ping still moves at the speed of a real car."""


@cache
def data(name: str) -> Any:
    """One of the JSON files of simulator/data."""
    return json.loads((files("simulator") / "data" / name).read_text(encoding="utf-8"))


@cache
def areas() -> tuple[Area, ...]:
    """Every neighbourhood, in the order of the file."""
    found = []
    for zone in data("places.json")["zones"]:
        for hood in zone["neighbourhoods"]:
            found.append(
                Area(
                    zone_id=zone["id"],
                    city=zone["city"],
                    region=zone["region"],
                    zone=zone["zone"],
                    currency=zone["currency"],
                    tax_permille=zone["tax_permille"],
                    name=hood["name"],
                    postcode=hood["postcode"],
                    centre=Point(hood["lat"], hood["lon"]),
                    store_name=hood["store"],
                    streets=tuple(hood["streets"]),
                )
            )
    return tuple(found)


@cache
def area_codes() -> tuple[int, ...]:
    """Area codes; with 555-0100 to 555-0199 they make numbers that are reserved for fiction."""
    return tuple(data("places.json")["area_codes"])


def phone_number(n: int) -> str:
    """The n-th fictitious number in E.164 form; repeats only after 30,000."""
    codes = area_codes()
    return f"+1{codes[n % len(codes)]}55501{(n // len(codes)) % 100:02d}"


def stores(tag: str) -> dict[str, Store]:
    """One store for each area, by area key."""
    return {
        area.key: Store(id=f"sto-{tag}-{n:02d}", name=area.store_name, area=area, place=area.centre)
        for n, area in enumerate(areas())
    }


def door(rng: random.Random, address_id: str, area: Area, *, flat: bool, close: bool = False) -> Address:
    """A new address in `area`; `close` puts it within a minute's walk of the store."""
    least, most = (60.0, 140.0) if close else WALK_M
    return Address(
        id=address_id,
        line1=f"{rng.randrange(100, 5999)} {rng.choice(area.streets)}",
        unit=f"Apt {rng.randrange(1, 40)}" if flat else "",
        area=area,
        place=near(rng, area.centre, least, most),
    )
