"""The document, laid out for reading: operations by tag, their parameters and fields as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

#: Fields within fields are shown so deep; below that their type says enough.
_DEEPEST = 3


@dataclass(frozen=True)
class Row:
    """A parameter or a field."""

    name: str
    type: str
    required: bool
    said: str = ""


@dataclass(frozen=True)
class Answer:
    """One status an operation can answer with."""

    status: int
    said: str
    fields: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Operation:
    """One operation, ready for the page."""

    anchor: str
    method: str
    path: str
    summary: str
    said: list[str]
    scope: str
    who: str
    parameters: list[Row]
    media: str
    body: list[Row]
    example: str
    answers: list[Answer]
    problems: list[Answer]


@dataclass(frozen=True)
class Group:
    """The operations of one tag."""

    name: str
    said: str
    operations: list[Operation]


def groups(document: dict[str, Any]) -> list[Group]:
    """Every operation of the document, by tag in the document's order."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append(_operation(document, path, method, operation))
    said = {tag["name"]: tag["description"] for tag in document["tags"]}
    return [Group(name, said[name], operations) for name, operations in found.items() if operations]


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Operation:
    bodies: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    media, content = next(iter(bodies.items())) if bodies else ("", {})
    answers = [_answer(document, int(status), one) for status, one in operation["responses"].items()]
    said = operation["description"].partition("\n\nScope:")[0]
    return Operation(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        said=[" ".join(part.split()) for part in said.split("\n\n") if part.strip()],
        scope=operation["x-scope"],
        who=operation["x-who"],
        parameters=[_parameter(one) for one in operation["parameters"]],
        media=media,
        body=list(_fields(document, content.get("schema", {}))),
        example=_example(content),
        answers=[one for one in answers if one.status < 400],
        problems=[one for one in answers if one.status >= 400],
    )


def _parameter(one: dict[str, Any]) -> Row:
    where = {"path": "in the path", "query": "in the query", "header": "header"}[one["in"]]
    said = one.get("description") or one["schema"].get("description", "")
    return Row(one["name"], f"{_type({}, one['schema'])}, {where}", bool(one.get("required")), said)


def _answer(document: dict[str, Any], status: int, one: dict[str, Any]) -> Answer:
    media: dict[str, Any] = next(iter(one.get("content", {}).values()), {})
    fields = list(_fields(document, media.get("schema", {}))) if status < 400 else []
    return Answer(status, one["description"], fields)


def _example(content: dict[str, Any]) -> str:
    named: dict[str, Any] = next(iter(content.get("examples", {}).values()), {})
    example = content.get("example", named.get("value"))
    return json.dumps(example, indent=2, ensure_ascii=False) if example is not None else ""


def _fields(
    document: dict[str, Any], schema: dict[str, Any], prefix: str = "", depth: int = 0
) -> Iterator[Row]:
    """The fields of an object, those of objects within it after it, with their path."""
    shape = _resolved(document, schema)
    if "anyOf" in shape:
        shape = _resolved(document, next((one for one in shape["anyOf"] if one.get("type") != "null"), {}))
    if shape.get("type") == "array":
        yield from _fields(document, shape.get("items", {}), f"{prefix}[]", depth)
        return
    needed = shape.get("required", [])
    for name, one in shape.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        yield Row(path, _type(document, one), name in needed, one.get("description", ""))
        if depth < _DEEPEST:
            yield from _fields(document, one, path, depth + 1)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rpartition("/")[2]
    found: dict[str, Any] = document.get("components", {}).get("schemas", {}).get(name, {})
    return found


def _type(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """The type in a few words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(document, one) for one in schema["anyOf"]))
    shape = _resolved(document, schema)
    if "enum" in shape:
        shown = shape["enum"][:12]
        return (
            "one of "
            + ", ".join(str(one) or "(empty)" for one in shown)
            + (" …" if len(shape["enum"]) > 12 else "")
        )
    if "const" in shape:
        return str(shape["const"])
    kind: str | list[str] = shape.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_type(document, shape.get('items', {}))}"
    if shape.get("format") in ("date-time", "binary"):
        return {"date-time": "time", "binary": "file"}[shape["format"]]
    return {"integer": "whole number", "string": "text", "null": "null", "boolean": "true or false"}.get(
        kind, kind
    )
