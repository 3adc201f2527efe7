"""The processes a running Tocsin consists of, and how each serves."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from tocsin.config.env import Env
from tocsin.surfaces.cli.ports import HOST, LISTEN_FD, free_sip_port, listening

#: How long requests under way may take when a process stops.
_GRACE_S = 5


@dataclass(frozen=True)
class Program:
    """One process: ``tocsin NAME``. ``path`` answers 200 when it is ready; without one it writes a heartbeat.

    ``binds_itself``: it opens its port in each of its workers, instead of inheriting one that listens
    already. ``sip``: it answers calls, at a port of UDP and TCP that it binds itself.
    """

    name: str
    path: str = ""
    binds_itself: bool = False
    sip: bool = False


#: In the order they are started.
PROGRAMS = (
    Program("decide", "/readyz"),
    Program("web", "/healthz", binds_itself=True),
    Program("live", "/readyz"),
    Program("worker"),
    Program("line", sip=True),
)


def serve_web(env: Env) -> int:
    """Console, help centre and API: WSGI, one thread a worker (several make the slowest answers slower)."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "tocsin.config.web:application",
        address=HOST,
        port=env.web_port,
        interface=Interfaces.WSGI,
        workers=max(2, min(8, os.cpu_count() or 2)),
        blocking_threads=1,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=_GRACE_S,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()
    return 0


def serve_live(env: Env) -> int:
    """Server-sent events to open screens."""
    import uvicorn

    from tocsin.surfaces.live.app import create

    app = create(env)

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # streams never end by themselves, and a server waits for what is open
            app.close()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    Server(config).run(sockets=[_door("live", env.live_port)])
    return 0


def serve_decide(env: Env) -> int:
    """The hot path: events in, decisions out."""
    from tocsin.core.crypto.day_codec import DayCodec
    from tocsin.core.faults import log_to_screen
    from tocsin.surfaces.decide.config import DecideConfig
    from tocsin.surfaces.decide.keys_postgres import PostgresKeyStore
    from tocsin.surfaces.decide.log_keys import key_from_database, shipped_in_database, wait_for_database
    from tocsin.surfaces.decide.serve import serve

    log_to_screen()
    wait_for_database()
    serve(
        DecideConfig(
            folder=env.home / "decide",
            rules_dir=env.rules_dir,
            published=env.home / "rules" / "current",
            keys=PostgresKeyStore(env.database_url_for_role),
            codec=DayCodec(key_from_database),
            shipped=shipped_in_database,
            listen=_door("decide", env.decide_port),
        )
    )
    return 0


def serve_line(env: Env) -> int:
    """The telephone: SIP calls are answered, and led through the call flow by webhooks to the web process."""
    from tocsin.core.faults import log_to_screen
    from tocsin.surfaces.cli.runfiles import heartbeat_file
    from tocsin.surfaces.help.content import emergency_number
    from tocsin.surfaces.line.endpoint.serve import LineConfig, serve
    from tocsin.surfaces.line.links import built_in_secret

    log_to_screen()
    env.make_folders()
    serve(
        LineConfig(
            folder=env.home / "line",
            heartbeat=heartbeat_file(env.home, "line"),
            host=env.line_host,
            port=env.line_port or free_sip_port("line", env.line_host, 0),
            web=f"http://{HOST}:{env.web_port}",
            public_url=env.public_url,
            secret=built_in_secret(),
            brand=env.brand,
            emergency_number=emergency_number(env.region),
            most_calls=env.line_calls,
            trunks=env.line_trunks,
        )
    )
    return 0


def _door(name: str, port: int) -> socket.socket:
    """The socket we inherited, or one of our own."""
    inherited = os.environ.pop(LISTEN_FD, "")
    return socket.socket(fileno=int(inherited)) if inherited else listening(name, port)
