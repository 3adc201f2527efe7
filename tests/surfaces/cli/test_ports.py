"""Ports: taken ones are said, reserved ones are kept, waiting callers are not turned away."""

from __future__ import annotations

import socket

import pytest

from tocsin.surfaces.cli.environment import CommandError
from tocsin.surfaces.cli.ports import HOST, listening, port_of, reserved


@pytest.mark.parametrize("take", [listening, reserved])
def test_a_taken_port_is_said_with_what_to_do(take: object) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError) as refused:
            take("web", port)  # type: ignore[operator]
    assert f"Port {port} for web is taken by another program" in str(refused.value)
    assert "nothing was lost" in str(refused.value)
    assert "TOCSIN_WEB_PORT=0" in str(refused.value)


def test_a_port_shared_by_another_server_of_ours_counts_as_taken() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind((HOST, 0))
        other.listen()
        with pytest.raises(CommandError, match="is taken"):
            reserved("web", other.getsockname()[1])


def test_a_reserved_port_is_for_sharers_only_and_takes_no_callers() -> None:
    with reserved("web", 0) as kept:
        port = port_of(kept)
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind((HOST, port))
        with socket.socket() as caller, pytest.raises(ConnectionRefusedError):
            caller.connect((HOST, port))
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind((HOST, port))
            server.listen()
            with socket.create_connection((HOST, port)):
                server.settimeout(5)
                server.accept()[0].close()


def test_callers_wait_while_nobody_serves_a_listening_port() -> None:
    with listening("decide", 0) as door, socket.create_connection((HOST, port_of(door))) as caller:
        caller.sendall(b"patience")
        served, _ = door.accept()
        with served:
            assert served.recv(8) == b"patience"
