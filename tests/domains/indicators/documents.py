"""Documents as others share them: a STIX 2.1 bundle and a MISP event about one ring of fraudsters."""

from __future__ import annotations

import json
from typing import Any

AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
GREEN_1 = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
IDENTITY = "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff"


def indicator(number: int, pattern: str, **more: Any) -> dict[str, Any]:
    """An indicator object; its id ends with the number."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--8e2e2d2b-17d4-4cbf-938f-{number:012d}",
        "created_by_ref": IDENTITY,
        "created": "2026-10-01T08:00:00.000Z",
        "modified": "2026-10-01T08:00:00.000Z",
        "name": f"Indicator {number}",
        "indicator_types": ["malicious-activity"],
        "pattern": pattern,
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": "2026-10-01T08:00:00Z",
        **more,
    }


def bundle(*objects: dict[str, Any]) -> bytes:
    """A bundle with an identity and these objects."""
    identity = {
        "type": "identity",
        "spec_version": "2.1",
        "id": IDENTITY,
        "created": "2026-09-01T08:00:00.000Z",
        "modified": "2026-09-01T08:00:00.000Z",
        "name": "A marketplace nearby",
        "identity_class": "organization",
    }
    return json.dumps(
        {
            "type": "bundle",
            "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d",
            "objects": [identity, *objects],
        }
    ).encode()


def attribute(number: int, kind: str, value: str, **more: Any) -> dict[str, Any]:
    """A MISP attribute for detection; its UUID ends with the number."""
    return {
        "id": str(number),
        "uuid": f"6b1f7a5c-1c1d-4f0a-9a52-{number:012d}",
        "type": kind,
        "category": "Network activity",
        "to_ids": True,
        "timestamp": "1790841600",
        "comment": "",
        "deleted": False,
        "value": value,
        **more,
    }


def event(*attributes: dict[str, Any], **more: Any) -> bytes:
    """A MISP event with these attributes, marked TLP:GREEN."""
    return json.dumps(
        {
            "Event": {
                "uuid": "0f3c1c5e-7d7e-4a52-a5a0-4b9f4c8a4c11",
                "info": "Courier phishing",
                "date": "2026-10-01",
                "timestamp": "1790841600",
                "threat_level_id": "2",
                "analysis": "2",
                "Orgc": {"name": "CIRCLE"},
                "Tag": [{"name": "tlp:green"}],
                "Attribute": list(attributes),
                **more,
            }
        }
    ).encode()
