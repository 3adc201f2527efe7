"""The ports a running Tocsin listens on: always on 127.0.0.1, behind whatever proxy faces the world."""

from __future__ import annotations

import errno
import socket

from tocsin.surfaces.cli.environment import CommandError

HOST = "127.0.0.1"
#: Tells a process which inherited descriptor to listen on.
LISTEN_FD = "TOCSIN_LISTEN_FD"
_BACKLOG = 2048


def listening(name: str, port: int) -> socket.socket:
    """A socket that listens for ``name``; port 0 takes any free one.

    Whoever holds it keeps callers waiting instead of refusing them while the process behind it starts again.

    Raises:
        CommandError: the port is taken.
    """
    made = _bound(name, port, shared=False)
    made.listen(_BACKLOG)
    return made


def reserved(name: str, port: int) -> socket.socket:
    """A port kept for a process that binds it itself, with ``SO_REUSEPORT``; no caller ever reaches this
    socket.

    Raises:
        CommandError: the port is taken.
    """
    # asked for without sharing first: a shared bind would succeed beside another server of the same user
    with _bound(name, port, shared=False) as free:
        number = free.getsockname()[1]
    return _bound(name, number, shared=True)


def _bound(name: str, port: int, *, shared: bool) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind((HOST, port))
    except OSError as error:
        made.close()
        _explain(name, port, error)
        raise
    return made


def free_sip_port(name: str, host: str, port: int) -> int:
    """A port of both UDP and TCP that a process may bind itself; 0 takes any free one. Nobody holds it
    meanwhile: what comes by UDP would be lost to whoever does.

    Raises:
        CommandError: the port is taken, or the address is not ours.
    """
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind((host, port))
            udp.bind((host, port_of(tcp)))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise CommandError(
                    f"{host} is not an address of this machine. Nothing was started and nothing was lost. "
                    f"Set TOCSIN_{name.upper()}_HOST to one that is."
                ) from error
            _explain(name, port, error)
            raise
        return port_of(tcp)


def _explain(name: str, port: int, error: OSError) -> None:
    """Say what to do about a port that cannot be had. Any other trouble is left as it is.

    Raises:
        CommandError: the port is taken, or not for us.
    """
    if error.errno not in (errno.EADDRINUSE, errno.EACCES):
        return
    why = "is taken by another program" if error.errno == errno.EADDRINUSE else "may not be used by you"
    setting = f"TOCSIN_{name.upper()}_PORT"
    raise CommandError(
        f"Port {port} for {name} {why}. Nothing was started and nothing was lost. End that program, or "
        f"choose another port: {setting}={port + 100} tocsin up ({setting}=0 takes any free one)."
    ) from error


def port_of(made: socket.socket) -> int:
    """The port's number."""
    number: int = made.getsockname()[1]
    return number
