"""The environment, read once, in one place. Pure: no Django, no side effects beyond making folders.

Every setting an operator can change is an attribute here with its default; ``docs/run`` lists them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from tocsin.core.outbox.addresses import Allowance
from tocsin.core.postgres import urls

#: Folders of the home and their modes: what holds keys or data is for the owner only.
FOLDERS = {
    "": 0o755,
    "postgres": 0o700,
    "keys": 0o700,
    "evidence": 0o700,
    "decide": 0o700,
    "mail": 0o700,
    "line": 0o700,
    "logs": 0o755,
    "run": 0o755,
}

#: Carriers of the telephone line whose webhooks we can check.
LINE_CARRIERS = ("twilio", "signalwire", "telnyx")


class BadEnvironment(ValueError):
    """A setting cannot be used; the message names it and says what is expected."""


@dataclass(frozen=True)
class Env:
    """What the process was told. Ports 0 mean "any free one"."""

    home: Path
    database_url: str
    owner_database_url: str
    database_role: str
    web_port: int
    live_port: int
    decide_port: int
    line_port: int
    line_host: str
    line_calls: int
    line_trunks: tuple[str, ...]
    public_url: str
    live_url: str
    decide_url: str
    debug: bool
    demo: bool
    smtp_url: str
    evidence_url: str
    keys: str
    outbound_allow: tuple[str, ...]
    tsa_url: str
    clamd: str
    rules_dir: Path
    region: str
    zone: str
    brand: str
    quick_exit_url: str
    proxies: int
    oidc_apps: tuple[Mapping[str, Any], ...]
    line_carriers: Mapping[str, str]
    line_archives: Mapping[str, tuple[str, str]]
    review_capacity: int

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Env:
        """Read ``TOCSIN_*``.

        Raises:
            BadEnvironment: naming the setting and what it should look like.
        """
        get = (os.environ if environ is None else environ).get
        home = Path(get("TOCSIN_HOME") or "var").resolve()
        line_host = _address(get("TOCSIN_LINE_HOST") or "127.0.0.1")
        web, live, decide, line = (_port(get, name) for name in ("WEB", "LIVE", "DECIDE", "LINE"))
        return cls(
            home=home,
            database_url=get("TOCSIN_DATABASE_URL") or "",
            owner_database_url=get("TOCSIN_OWNER_DATABASE_URL") or "",
            database_role=_one_of(get, "TOCSIN_DB_ROLE", ("app", "owner")),
            web_port=web,
            live_port=live,
            decide_port=decide,
            line_port=line,
            line_host=line_host,
            line_calls=_number(get, "TOCSIN_LINE_CALLS", default=120, most=1000),
            line_trunks=_list(
                get("TOCSIN_LINE_TRUNKS") or ("127.0.0.1" if line_host.startswith("127.") else "")
            ),
            public_url=(get("TOCSIN_PUBLIC_URL") or f"http://127.0.0.1:{web}").rstrip("/"),
            live_url=(get("TOCSIN_LIVE_URL") or f"http://127.0.0.1:{live}").rstrip("/"),
            decide_url=(get("TOCSIN_DECIDE_URL") or f"http://127.0.0.1:{decide}").rstrip("/"),
            debug=(get("TOCSIN_DEBUG") or "").lower() in {"1", "true", "yes", "on"},
            demo=get("TOCSIN_DEMO") == "1",
            smtp_url=get("TOCSIN_SMTP_URL") or "",
            evidence_url=get("TOCSIN_EVIDENCE_URL") or f"file://{home / 'evidence'}",
            keys=get("TOCSIN_KEYS") or "file",
            outbound_allow=_allowed(_list(get("TOCSIN_OUTBOUND_ALLOW") or "")),
            tsa_url=get("TOCSIN_TSA_URL") or "",
            clamd=get("TOCSIN_CLAMD") or "",
            rules_dir=Path(get("TOCSIN_RULES_DIR") or Path(__file__).parents[1] / "data" / "rules"),
            region=get("TOCSIN_REGION") or "US",
            zone=_zone(get("TOCSIN_ZONE") or "America/New_York"),
            brand=get("TOCSIN_BRAND") or "Tocsin",
            quick_exit_url=get("TOCSIN_QUICK_EXIT_URL") or "https://www.wikipedia.org/",
            proxies=_proxies(get("TOCSIN_PROXIES") or "0"),
            oidc_apps=_oidc(get("TOCSIN_OIDC_APPS") or ""),
            line_carriers=_carriers(_list(get("TOCSIN_LINE_CARRIERS") or "")),
            line_archives=_archives(_list(get("TOCSIN_LINE_ARCHIVES") or "")),
            review_capacity=_capacity(get("TOCSIN_REVIEW_CAPACITY") or "100"),
        )

    @property
    def embedded(self) -> bool:
        """Whether the database is the embedded one; then it lies in ``postgres_folder``."""
        return not self.database_url

    @property
    def postgres_folder(self) -> Path:
        return self.home / "postgres"

    @property
    def database_url_for_role(self) -> str:
        """The URL this process connects with: the owner's for migrations, the app's for everything else.

        Computed without starting the embedded server, so that merely reading settings starts nothing.
        """
        owner = self.database_role == "owner"
        if self.embedded:
            known = urls(self.postgres_folder)
            return known.owner if owner else known.app
        return self.owner_database_url if owner else self.database_url

    @property
    def allowed_hosts(self) -> list[str]:
        """Host names the web process answers to."""
        return sorted({urlsplit(self.public_url).hostname or "", "127.0.0.1", "localhost", "[::1]"} - {""})

    def make_folders(self) -> None:
        """Create the home and its folders with the right modes."""
        for name, mode in FOLDERS.items():
            folder = self.home / name
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)


def _port(get: Any, name: str) -> int:
    default = {"WEB": "8000", "LIVE": "8001", "DECIDE": "8002", "LINE": "5060"}[name]
    text = get(f"TOCSIN_{name}_PORT") or default
    if not text.isdigit() or int(text) > 65535:
        raise BadEnvironment(f"TOCSIN_{name}_PORT is {text!r}; it should be a number from 0 to 65535")
    return int(text)


def _number(get: Any, name: str, *, default: int, most: int) -> int:
    text = get(name) or str(default)
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise BadEnvironment(f"{name} is {text!r}; it should be a number from 1 to {most}")
    return int(text)


def _address(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError as error:
        raise BadEnvironment(
            f"TOCSIN_LINE_HOST is {text!r}; it should be an IPv4 address of this machine, like 127.0.0.1"
        ) from error


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _proxies(text: str) -> int:
    if not text.isdigit() or int(text) > 9:
        raise BadEnvironment(f"TOCSIN_PROXIES is {text!r}; it should be a number from 0 to 9")
    return int(text)


def _capacity(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise BadEnvironment(
            f"TOCSIN_REVIEW_CAPACITY is {text!r}; it should be a number of alerts from 1 to 10000"
        )
    return int(text)


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError) as error:
        raise BadEnvironment(
            f"TOCSIN_ZONE is {text!r}; it should be a time zone like America/New_York"
        ) from error


def _one_of(get: Any, name: str, choices: tuple[str, ...]) -> str:
    value: str = get(name) or choices[0]
    if value not in choices:
        raise BadEnvironment(f"{name} is {value!r}; it should be one of {', '.join(choices)}")
    return value


def _allowed(entries: tuple[str, ...]) -> tuple[str, ...]:
    """``TOCSIN_OUTBOUND_ALLOW``, when every entry is a host, host:port or network."""
    try:
        Allowance.parse(entries)
    except ValueError as error:
        raise BadEnvironment(str(error)) from error
    return entries


def _carriers(entries: tuple[str, ...]) -> dict[str, str]:
    """``TOCSIN_LINE_CARRIERS``: ``twilio=TOKEN, telnyx=PUBLIC KEY``."""
    carriers = {name.strip(): secret.strip() for name, _, secret in (one.partition("=") for one in entries)}
    for name, secret in carriers.items():
        if name not in LINE_CARRIERS or not secret:
            raise BadEnvironment(
                f"TOCSIN_LINE_CARRIERS should be a list like twilio=TOKEN, with {', '.join(LINE_CARRIERS)}"
            )
    return carriers


def _archives(entries: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """``TOCSIN_LINE_ARCHIVES``: ``twilio=KEY@api.twilio.com``; key and host of each carrier."""
    archives = {}
    for name, _, rest in (one.partition("=") for one in entries):
        key, _, host = rest.strip().rpartition("@")
        if name.strip() not in LINE_CARRIERS or not key or not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", host):
            raise BadEnvironment(
                "TOCSIN_LINE_ARCHIVES should be a list like twilio=KEY@api.twilio.com, "
                f"with {', '.join(LINE_CARRIERS)}"
            )
        archives[name.strip()] = (key, host)
    return archives


def _oidc(text: str) -> tuple[Mapping[str, Any], ...]:
    """``TOCSIN_OIDC_APPS``: a JSON list of {provider_id, name, client_id, secret, settings:{server_url}}."""
    if not text:
        return ()
    try:
        apps = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadEnvironment(f"TOCSIN_OIDC_APPS is not JSON: {error.msg} at {error.pos}") from error
    if not isinstance(apps, list) or not all(isinstance(app, dict) for app in apps):
        raise BadEnvironment("TOCSIN_OIDC_APPS should be a JSON list of apps")
    for app in apps:
        if missing := [name for name in ("provider_id", "name", "client_id", "secret") if not app.get(name)]:
            raise BadEnvironment(f"an app in TOCSIN_OIDC_APPS has no {', '.join(missing)}")
        if not oidc_origins(app):
            raise BadEnvironment(
                f"the app {app['provider_id']} in TOCSIN_OIDC_APPS needs settings.server_url, "
                "an address that begins with https://"
            )
    return tuple(apps)


def oidc_origins(app: Mapping[str, Any]) -> list[str]:
    """Where an identity provider takes people over: the origin of its address, and of the page where it asks
    them to sign in when that was said to be elsewhere."""
    settings = app.get("settings") or {}
    elsewhere = settings.get("openid_configuration_overrides", {}).get("authorization_endpoint", "")
    found = [urlsplit(str(url)) for url in (settings.get("server_url", ""), elsewhere) if url]
    return list(dict.fromkeys(f"{one.scheme}://{one.netloc}" for one in found if _is_web(one)))


def _is_web(parts: SplitResult) -> bool:
    # what goes into a content security policy must not be able to say anything else in it
    return parts.scheme in ("http", "https") and bool(re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", parts.netloc))
