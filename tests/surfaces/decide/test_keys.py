"""Who is let in, and how soon a change of keys is felt."""

from __future__ import annotations

import pytest

from tests.surfaces.decide.server import SECRET, Server, order, until
from tocsin.surfaces.decide.keys import split_token


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer x",
        f"Basic tsk_k1_{SECRET}",
        f"Bearer tsk_k1_{SECRET}x",
        "Bearer tsk_k1_",
        "Bearer tsk_k1",
        f"Bearer tsk_nobody_{SECRET}",
        f"Bearer tsk_gone_{SECRET}",
        f"Bearer tsk__{SECRET}",
        f"Bearer k1_{SECRET}",
    ],
)
def test_without_a_live_key_nobody_is_let_in(server: Server, authorization: str) -> None:
    before = server.position()
    reply = server.post(order("key"), Authorization=authorization)
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert server.position() == before


def test_a_key_does_only_what_its_scopes_say(server: Server) -> None:
    reply = server.post(order("scope"), key="ingest")
    assert reply.status == 403
    assert '"decide"' in reply.json["detail"]
    assert server.post(order("scope"), key="plain", path="/v1/events").status == 403


def test_the_body_of_a_stranger_is_not_read(server: Server) -> None:
    assert server.post(b"{" * 1_000_000, Authorization="").status == 401


def test_a_revoked_key_stops_working_and_comes_back(server: Server) -> None:
    assert server.post(order("before")).status == 200
    server.write_keys(revoked=("gone", "k1"))
    until(lambda: server.post(order("revoked")).status == 401, 15)
    server.write_keys()
    until(lambda: server.post(order("back")).status == 200, 15)


def test_a_secret_may_hold_underscores() -> None:
    assert split_token("Bearer tsk_a1_b_c_") == ("a1", "b_c_")
    assert split_token("bearer tsk_a1_b") == ("a1", "b")
    assert split_token(None) is None
