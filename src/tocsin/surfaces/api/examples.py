"""One whole example of each body that is sent, by operation. A test sends each of them."""

from __future__ import annotations

from typing import Any

BODIES: dict[str, dict[str, Any]] = {
    "entities_put_entity": {
        "attributes": {
            "name": "Ana Ruiz",
            "email": "ana@example.com",
            "phone": "+14155550142",
            "language": "es",
            "region": "US-CA",
            "zone": "America/Los_Angeles",
            "created_at": "2025-03-01T09:00:00-08:00",
        },
        "links": [{"kind": "device", "id": "dev-55", "relation": "uses"}],
    },
    "entities_post_entities": {
        "entities": [
            {"kind": "customer", "id": "c-1042", "attributes": {"name": "Ana Ruiz", "region": "US-CA"}},
            {"kind": "shopper", "id": "s-77", "attributes": {"name": "Bo Lee", "region": "US-CA"}},
            {
                "kind": "order",
                "id": "o-9001",
                "attributes": {
                    "customer": "c-1042",
                    "shopper": "s-77",
                    "status": "delivered",
                    "total_minor": 5420,
                    "currency": "USD",
                },
            },
        ]
    },
    "reports_file_report": {
        "codes": ["CON.harassment"],
        "narrative": "He shouted at me at the door and would not leave.",
        "language": "en",
        "reporter": {"kind": "customer", "account": "c-1042"},
        "subject": {"kind": "shopper", "id": "s-77"},
        "order": "o-9001",
        "occurred_at": "2026-11-20T18:40:00-08:00",
        "zone": "America/Los_Angeles",
        "safe_now": "yes",
        "contact_rules": "By e-mail only, never call.",
        "external_id": "ticket-5513",
    },
    "reports_add_message": {"text": "I found a photo of it on my door camera."},
    "cases_assign": {"revision": 3},
    "cases_protect": {"type": "unmatch"},
    "casework_add_note": {"text": "Called the customer back; she has a photo."},
    "casework_message_reporter": {
        "report": "TS-TK3YF-74EV6-A",
        "text": "Do you still have the photo?",
        "question": True,
    },
    "casework_set_severity": {"severity": "S1", "reason": "He came back to her door."},
    "casework_reopen": {"reason": "A second video came in."},
    "casework_merge": {"into": "C-10412", "reason": "The same evening at the same door.", "revision": 4},
    "casework_disposition": {"state": "cleared"},
    "actions_lift_action": {"reason": "The account is back in the right hands."},
    "decisions_reverse": {"reason": "The messages were sent from a stolen phone."},
    "cases_close": {
        "outcome": "no_breach",
        "reason": "The door camera shows a quiet hand-over.",
        "revision": 4,
    },
    "decisions_decide": {
        "subject": "acc_01kabcdefghijklmnopqrstuvw",
        "finding": "substantiated",
        "clause": "C2.1",
        "standard_of_proof": "preponderance",
        "facts_internal": "Two neighbours heard it; the door camera shows him for six minutes.",
        "facts_disclosable": "On 20 November you shouted at a customer and would not leave.",
        "aggravators": ["fears_retaliation"],
        "revision": 5,
    },
    "decisions_second_reading": {"agree": True, "note": "The facts carry it."},
    "appeals_lodge_appeal": {
        "grounds": "It was my brother who had the phone on that day.",
        "language": "en",
    },
    "appeals_decide_appeal": {
        "outcome": "reverse",
        "reasons": "The phone was reported lost on that day, as the log shows.",
    },
    "indicators_import_indicators": {
        "source": "A marketplace nearby",
        "reason": "Shared in the fraud circle.",
        "document": {
            "type": "bundle",
            "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d",
            "objects": [
                {
                    "type": "indicator",
                    "spec_version": "2.1",
                    "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
                    "created": "2026-10-01T08:00:00.000Z",
                    "modified": "2026-10-01T08:00:00.000Z",
                    "pattern": "[ipv4-addr:value = '198.51.100.7']",
                    "pattern_type": "stix",
                    "valid_from": "2026-10-01T08:00:00Z",
                }
            ],
        },
    },
    "actions_confirm_action": {"status": "applied", "detail": "Account closed for new orders."},
    "verifications_tell_verification": {
        "external_id": "handoff-9001",
        "kind": "pin",
        "outcome": "passed",
        "method": "code_in_app",
        "attempts": 1,
        "at": "2026-11-20T18:52:00-08:00",
    },
    "webhooks_add_webhook": {
        "url": "https://shop.example/tocsin",
        "topics": ["action.requested", "action.reversed", "notice.issued"],
        "description": "Order service",
    },
}
