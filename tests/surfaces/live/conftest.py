"""A live process inside the test: the real application behind a real server, on a free port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn

from tests.support.stack import until
from tocsin.surfaces.live.app import App, build_app


@dataclass
class Live:
    """The running application and its address."""

    app: App
    url: str
    server: uvicorn.Server
    thread: threading.Thread


@pytest.fixture
def live(transactional_db: None) -> Iterator[Live]:
    app = build_app()
    door = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", ws="none", log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    until(lambda: app.listener.listening, "the live process to listen")
    yield Live(app, f"http://127.0.0.1:{door.getsockname()[1]}", server, thread)
    app.close()
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()
