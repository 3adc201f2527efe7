"""Running the application under uvicorn (uvloop, httptools)."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from types import FrameType
from typing import Final

import uvicorn

from tocsin.surfaces.decide.app import build_app
from tocsin.surfaces.decide.config import DecideConfig
from tocsin.surfaces.decide.direct import DirectProtocol

#: What a request leaves behind is freed when it is answered; there is hardly a cycle to look for.
YOUNG_OBJECTS: Final = 20_000
#: Seconds for which a thread that reads keys or rules may hold up the loop. Python's own 5 ms would be most
#: of what a caller waits.
HANDOVER: Final = 0.0002


class _Server(uvicorn.Server):
    """Tells the port once the first request can be answered."""

    def __init__(self, config: uvicorn.Config, decide: DecideConfig) -> None:
        super().__init__(config)
        self._decide = decide

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully; being asked to stop is no failure, so the exit status stays 0."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            _settle_down()
            self._decide.on_listening(sockets[0].getsockname()[1])


def serve(config: DecideConfig) -> None:
    """Serve until SIGTERM or SIGINT. Exits the process with a status other than 0 when it cannot start."""
    server = _Server(
        uvicorn.Config(
            build_app(config),
            loop="uvloop",
            http=DirectProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=15,
        ),
        config,
    )
    server.run(sockets=[config.listen or _bind(config)])
    if not server.started:
        sys.exit(3)


def _settle_down() -> None:
    """Once everything is loaded: no pause for collecting garbage or for handing over between threads that a
    caller would notice."""
    gc.collect()
    gc.freeze()  # the recovered state is here to stay: do not walk it again and again
    gc.set_threshold(YOUNG_OBJECTS, 50, 1000)
    sys.setswitchinterval(HANDOVER)


def _bind(config: DecideConfig) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((config.host, config.port))
    return bound
