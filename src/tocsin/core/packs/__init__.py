"""Jurisdiction packs: law and defaults as data, compiled to clocks and resolved for a person and a place."""

from tocsin.core.packs.compile import compile_clocks
from tocsin.core.packs.loader import PackError, PackSet, load_packs, packaged
from tocsin.core.packs.resolve import Resolved, ResolvedValue, resolve
from tocsin.core.packs.schema import Pack

__all__ = [
    "Pack",
    "PackError",
    "PackSet",
    "Resolved",
    "ResolvedValue",
    "compile_clocks",
    "load_packs",
    "packaged",
    "resolve",
]
