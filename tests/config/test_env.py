"""The environment, read once: defaults, what it refuses, and in which words."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from tocsin.config.env import BadEnvironment, Env, oidc_origins


def test_nothing_set_is_a_working_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    env = Env.load({})
    assert env.home == tmp_path / "var"
    assert env.embedded
    assert (env.web_port, env.live_port, env.decide_port) == (8000, 8001, 8002)
    assert env.public_url == "http://127.0.0.1:8000"
    assert env.live_url == "http://127.0.0.1:8001"
    assert env.evidence_url == f"file://{tmp_path / 'var' / 'evidence'}"
    assert (env.keys, env.debug, env.outbound_allow, env.tsa_url) == ("file", False, (), "")
    assert env.rules_dir.is_dir()
    assert env.allowed_hosts == ["127.0.0.1", "[::1]", "localhost"]
    assert not env.home.exists(), "reading the environment makes nothing"


def test_what_is_set_counts(tmp_path: Path) -> None:
    env = Env.load(
        {
            "TOCSIN_HOME": str(tmp_path),
            "TOCSIN_WEB_PORT": "0",
            "TOCSIN_PUBLIC_URL": "https://safety.example.org/",
            "TOCSIN_DEBUG": "yes",
            "TOCSIN_OUTBOUND_ALLOW": "127.0.0.1, 10.0.0.0/8 ,",
        }
    )
    assert env.web_port == 0
    assert env.public_url == "https://safety.example.org"
    assert "safety.example.org" in env.allowed_hosts
    assert env.debug is True
    assert env.outbound_allow == ("127.0.0.1", "10.0.0.0/8")


def test_carriers_of_the_line_are_named_with_their_secret() -> None:
    env = Env.load({"TOCSIN_LINE_CARRIERS": "twilio=abc, telnyx=AAA="})
    assert env.line_carriers == {"twilio": "abc", "telnyx": "AAA="}
    for wrong in ("twilio", "twilio=", "nobody=abc"):
        with pytest.raises(BadEnvironment, match="TOCSIN_LINE_CARRIERS"):
            Env.load({"TOCSIN_LINE_CARRIERS": wrong})


def test_only_a_line_for_this_machine_trusts_a_trunk_unasked() -> None:
    assert Env.load({}).line_trunks == ("127.0.0.1",)
    assert Env.load({"TOCSIN_LINE_HOST": "192.0.2.1"}).line_trunks == ()
    named = {"TOCSIN_LINE_HOST": "192.0.2.1", "TOCSIN_LINE_TRUNKS": "192.0.2.9"}
    assert Env.load(named).line_trunks == ("192.0.2.9",)


def test_each_role_has_its_url(tmp_path: Path) -> None:
    urls = {
        "TOCSIN_DATABASE_URL": "postgresql://app@db/x",
        "TOCSIN_OWNER_DATABASE_URL": "postgresql://owner@db/x",
    }
    assert Env.load(urls).database_url_for_role == "postgresql://app@db/x"
    assert Env.load(urls | {"TOCSIN_DB_ROLE": "owner"}).database_url_for_role == "postgresql://owner@db/x"
    assert not Env.load(urls).embedded

    home = {"TOCSIN_HOME": str(tmp_path)}
    assert "//tocsin_app:" in Env.load(home).database_url_for_role
    assert "//tocsin_owner:" in Env.load(home | {"TOCSIN_DB_ROLE": "owner"}).database_url_for_role


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TOCSIN_WEB_PORT", "http", "a number from 0 to 65535"),
        ("TOCSIN_LIVE_PORT", "70000", "a number from 0 to 65535"),
        ("TOCSIN_DECIDE_PORT", "-1", "a number from 0 to 65535"),
        ("TOCSIN_LINE_ARCHIVES", "twilio=api.twilio.com", "a list like twilio=KEY@api.twilio.com"),
        ("TOCSIN_LINE_HOST", "example.com", "an IPv4 address of this machine"),
        ("TOCSIN_LINE_CALLS", "0", "a number from 1 to 1000"),
        ("TOCSIN_DB_ROLE", "root", "one of app, owner"),
        ("TOCSIN_OUTBOUND_ALLOW", "127.0.0.1, https://hooks.example/", "a host, host:port or network"),
        ("TOCSIN_OIDC_APPS", "{", "not JSON"),
        ("TOCSIN_OIDC_APPS", "{}", "a JSON list"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(BadEnvironment) as refused:
        Env.load({name: value})
    assert name in str(refused.value)
    assert words in str(refused.value)


def test_what_is_private_is_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "keys").mkdir(parents=True, mode=0o755)
    Env.load({"TOCSIN_HOME": str(home)}).make_folders()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert modes == {
        **dict.fromkeys(("postgres", "keys", "evidence", "decide", "mail", "line"), 0o700),
        **dict.fromkeys(("logs", "run"), 0o755),
    }


def test_every_setting_is_written_down() -> None:
    root = Path(__file__).parents[2]
    source = (root / "src" / "tocsin" / "config" / "env.py").read_text()
    known = set(re.findall(r'"(TOCSIN_[A-Z_]+)"', source)) | {
        f"TOCSIN_{name}_PORT" for name in ("WEB", "LIVE", "DECIDE", "LINE")
    }
    written = set(re.findall(r"`(TOCSIN_[A-Z_]+)`", (root / "docs" / "run" / "settings.md").read_text()))
    assert known == written


APP = {"provider_id": "house", "name": "House", "client_id": "x", "secret": "y"}


@pytest.mark.parametrize(
    "app",
    [
        "x",
        {**APP, "secret": "", "settings": {"server_url": "https://id.example"}},
        APP,
        {**APP, "settings": {"server_url": "javascript:alert(1)"}},
        {**APP, "settings": {"server_url": "https://id.example; script-src *"}},
    ],
)
def test_an_identity_provider_is_named_in_full(tmp_path: Path, app: object) -> None:
    with pytest.raises(BadEnvironment, match="TOCSIN_OIDC_APPS"):
        Env.load({"TOCSIN_HOME": str(tmp_path), "TOCSIN_OIDC_APPS": json.dumps([app])})


def test_where_an_identity_provider_takes_people() -> None:
    elsewhere = {"authorization_endpoint": "https://login.example:8443/go?x=1"}
    settings = {"server_url": "https://id.example/realm", "openid_configuration_overrides": elsewhere}
    assert oidc_origins({**APP, "settings": settings}) == ["https://id.example", "https://login.example:8443"]
    assert oidc_origins({**APP, "settings": {"server_url": "https://id.example"}}) == ["https://id.example"]
