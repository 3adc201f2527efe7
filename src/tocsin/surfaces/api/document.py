"""The OpenAPI 3.1 document: what the framework works out, and what it does not know about this API."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings

from tocsin.surfaces.api import examples
from tocsin.surfaces.api.app import api
from tocsin.surfaces.api.problems import MEDIA_TYPE

PREFIX = "/v1/"
#: What is said for each status an operation may refuse with.
_SAID = {
    400: "The body could not be read as JSON or multipart.",
    401: "No key came with the request, or none that is accepted.",
    403: "The key is good and may not do this. It is written down.",
    404: "No such thing, or none this key may know of.",
    408: "The body did not arrive in time.",
    409: "Somebody acted first, the state does not allow it, or an idempotency key was used before.",
    411: "The body came without its length.",
    413: "The body or the file is too large.",
    415: "The body is of another media type, or compressed.",
    422: "Something in it cannot be accepted; `errors` says what and where.",
    429: "Too many requests in a short time.",
    503: "This cannot be done right now; nothing was changed.",
}
_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`"}},
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}},
}
_WHO = {
    "anybody": "Any key.",
    "person": "A personal key: people decide, systems do not.",
    "system": "An integration key of the marketplace's systems.",
}
TAGS = {
    "entities": "Who and what there is on your marketplace. Tell us when something is made or changes.",
    "events": "What happens: decided in milliseconds, with reasons.",
    "reports": "What people tell you, handed on with a number and a PIN.",
    "cases": "The specialists' work, for tools of your own. People act with personal keys.",
    "decisions": "Findings, the letters about them, and appeals.",
    "actions": "What you are asked to do, and your word that you did.",
    "verification": "What an order needs before it is handed over, and what came of it.",
    "indicators": "What others warn of, in the standards they share it by.",
    "webhooks": "Being told when something happens.",
}
_ID = {"type": "string", "minLength": 1, "maxLength": 60}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The whole document."""
    made: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=PREFIX))
    made["servers"] = [{"url": settings.TOCSIN_PUBLIC_URL}]
    made["info"] |= {"license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}}
    made["tags"] = [{"name": name, "description": said} for name, said in TAGS.items()]
    made["components"]["securitySchemes"] = {"key": made["components"]["securitySchemes"].pop("Door")}
    for methods in made["paths"].values():
        for operation in methods.values():
            _complete(operation)
    return made


def _complete(operation: dict[str, Any]) -> None:
    scope, who = operation["x-scope"], operation["x-who"]
    operation["security"] = [{"key": []}]
    operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`. {_WHO[who]}".strip()
    repeatable = any(one["name"] == "Idempotency-Key" for one in operation["parameters"])
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            schema = answer.pop("content")["application/json"]["schema"]
            answer["description"] = _SAID[int(status)]
            answer["content"] = {MEDIA_TYPE: {"schema": schema}}
            if int(status) in _HEADERS:
                answer["headers"] = _HEADERS[int(status)]
        elif repeatable:
            answer["headers"] = {
                "Idempotent-Replayed": {
                    "schema": {"type": "string", "enum": ["true"]},
                    "description": "The answer was given before, to the first request under this key.",
                }
            }
    operation["responses"] = dict(sorted(operation["responses"].items(), key=lambda one: int(one[0])))
    for parameter in operation["parameters"]:
        # the framework copies the schema's list of examples to where a map of them belongs
        parameter.pop("examples", None)
        if parameter["in"] == "path" and not {"enum", "pattern"} & parameter["schema"].keys():
            parameter["schema"] = {**_ID, **parameter["schema"]}
    example = examples.BODIES.get(operation["operationId"])
    if example is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = example
