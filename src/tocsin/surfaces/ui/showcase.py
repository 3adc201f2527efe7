"""Sample data for `tocsin/showcase.html`: every component on one page, for page authors and browser tests.

Nothing in here is a real person, case or figure, and nothing else uses it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django import forms

from tocsin.surfaces.ui.shell import NavGroup, NavItem

NAV = [
    NavGroup(
        "Work",
        [
            NavItem("Queues", "#queues", "inbox", count=128, keys="g q", current=True),
            NavItem("Phone line", "#line", "phone", alert="2 live"),
            NavItem("Cases", "#cases", "shield", count=1204, keys="g c"),
            NavItem("Protocols", "#protocols", "timer", alert="3 due"),
            NavItem("Enforcement", "#enforcement", "gavel", keys="g e"),
            NavItem("Appeals", "#appeals", "scale", count=17, keys="g a"),
        ],
    ),
    NavGroup(
        "People",
        [
            NavItem("Vetting", "#vetting", "user", count=42),
            NavItem("Entities", "#entities", "waypoints", keys="g n"),
            NavItem("Training", "#training", "graduation-cap"),
        ],
    ),
    NavGroup(
        "Govern",
        [
            NavItem("Policies", "#policies", "book-text", keys="g p"),
            NavItem("Legal requests", "#legal", "file-text", count=6),
            NavItem("Privacy", "#privacy", "lock"),
            NavItem("Audit", "#audit", "eye"),
        ],
    ),
    NavGroup(
        "Measure",
        [
            NavItem("Analytics", "#analytics", "chart-line"),
            NavItem("Decision API", "#api", "zap"),
        ],
    ),
]

QUEUE = [
    ("TS-7QK4M", "S1", "Safety", "Shopper reports a threat at the door during a delivery",
     "Phone line · Live order", 41 * 60 + 12, "Mei Ellery"),
    ("TS-4H2XD", "S2", "Fraud", "Promo ring: 6 accounts, one device, one payout card",
     "Rule · Promotions", 2 * 3600 + 940, "Bo Tran"),
    ("TS-9PV1C", "S2", "Scam", "Fake support call asked a shopper for a login code",
     "App · Account", 21480, ""),
    ("TS-2WD8E", "S4", "Vetting", "Background check: consider — pre-adverse waiting period",
     "Provider · Applicant", 3 * 86400 + 4 * 3600, "Vera Ito"),
    ("TS-6NB3R", "S2", "Conduct", "Unwanted messages after delivery, 4 reports in 24 h",
     "Web · Messages", 22320, ""),
    ("TS-8CT5K", "S0", "Legal", "Emergency disclosure request — county sheriff",
     "Portal · Authorities", -512, "Lena Ostrowski"),
    ("TS-3YJ7Z", "S3", "Food", "Recalled item delivered: 11 orders, one store", "Trend · Store", 81600, ""),
    ("TS-5RA9H", "S4", "Appeal", "Appeal: suspension for failed selfie check",
     "Shopper · Income loss", 86400 + 11 * 3600, ""),
    ("TS-1GE6W", "S3", "Fraud", "Refund pattern: one customer–shopper pair, 9 claims",
     "Rule · Refunds", 32700, "Bo Tran"),
]  # fmt: skip

GRAPH = {
    "nodes": [
        {"id": "c", "label": "Customer", "kind": "customer", "focus": True},
        {"id": "d", "label": "Device 9f2c", "kind": "device"},
        {"id": "k", "label": "Card •• 4471", "kind": "payment_instrument"},
        {"id": "o", "label": "Order 5521", "kind": "order"},
        {"id": "a", "label": "Address hash", "kind": "address"},
        {"id": "s", "label": "Shopper", "kind": "shopper"},
        {"id": "x1", "label": "acct 88213", "kind": "customer"},
        {"id": "x2", "label": "acct 90114 (removed)", "kind": "customer", "tone": "red"},
        {"id": "x3", "label": "acct 90377", "kind": "customer"},
        {"id": "x4", "label": "acct 71002", "kind": "customer"},
    ],
    "edges": [
        {"from": "c", "to": "d", "label": "used"},
        {"from": "c", "to": "k", "label": "paid with"},
        {"from": "c", "to": "o", "label": "placed"},
        {"from": "c", "to": "a", "label": "lives at"},
        {"from": "o", "to": "s", "label": "delivered by"},
        {"from": "x1", "to": "d", "label": "used"},
        {"from": "x2", "to": "d", "label": "used"},
        {"from": "x2", "to": "k", "label": "paid with"},
        {"from": "x3", "to": "k", "label": "paid with"},
        {"from": "a", "to": "x4", "label": "shared with"},
    ],
}

EVIDENCE = [
    ("image", "doorstep-1.jpg", "2.1 MB · 14:02 · sealed", ""),
    ("image", "injury.jpg", "1.4 MB · 14:05 · sealed", "Graphic"),
    ("audio", "call-TS-7QK4M.opus", "4 min 12 s · sealed", ""),
    ("document", "police-report.pdf", "88 kB · sealed", ""),
]


class SampleForm(forms.Form):
    """Each kind of field once."""

    reason = forms.CharField(label="Reason", help_text="One sentence. It is kept in the audit chain.")
    clause = forms.ChoiceField(
        label="Policy clause", choices=[("1", "SAF-2.1 Threats"), ("2", "SAF-2.2 Stalking")]
    )
    level = forms.ChoiceField(
        label="Action", widget=forms.RadioSelect, choices=[("1", "Warn"), ("6", "Suspend (interim, 72 h)")]
    )
    facts = forms.CharField(label="Facts found", widget=forms.Textarea({"rows": 3}), required=False)
    second = forms.BooleanField(
        label="A second reader has agreed", required=False, help_text="Needed for step 7 up."
    )


def showcase_context(now: datetime | None = None) -> dict[str, object]:
    """The context `tocsin/showcase.html` and `tocsin/showcase_help.html` need. Clocks run from `now`."""
    now = now or datetime.now(UTC)
    queue = [
        {"number": n, "severity": s, "kind": k, "title": t, "meta": m,
         "due": now + timedelta(seconds=left, milliseconds=900), "owner": o}
        for n, s, k, t, m, left, o in QUEUE
    ]  # fmt: skip
    bad = SampleForm({"reason": "", "clause": "1", "level": "6", "facts": "", "second": ""})
    bad.is_valid()
    days = [3, 4, 3, 5, 4, 4, 6, 5, 7, 6, 5, 6, 6, 8, 7, 6, 9, 7, 8, 10, 8, 9, 8, 9, 11, 10, 13, 11, 12, 14]
    first = int((now - timedelta(days=len(days))).timestamp())
    return {
        "now": now,
        "zone": "America/Los_Angeles",
        "nav": NAV,
        "purpose": "case handling",
        "person_name": "Mei Ellery",
        "person_role": "Investigator · US-CA",
        "notifications_url": "#bell",
        "account_url": "#account",
        "unread": 3,
        "queue": queue,
        "due": now + timedelta(minutes=41, seconds=12),
        "today": now.replace(hour=22, minute=2, second=11, microsecond=0),
        "spark": days,
        "graph": GRAPH,
        "chart": {
            "x": [first + 86400 * i for i in range(len(days))],
            "series": [
                {"label": "Reports", "values": days},
                {"label": "Upheld", "values": [day // 3 for day in days]},
            ],
        },
        "evidence": [
            {"url": f"/evidence/{name}", "kind": kind, "name": name, "meta": meta, "warning": warning}
            for kind, name, meta, warning in EVIDENCE
        ],
        "form": SampleForm(),
        "bad": bad,
        "states": ["open", "investigating", "awaiting_info", "decided", "closed", "suspended_interim"],
    }
