"""``tocsin up``: everything on one machine, started in order, kept running, stopped cleanly."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from tocsin.core import postgres
from tocsin.surfaces.cli import ready
from tocsin.surfaces.cli.demo import greeting
from tocsin.surfaces.cli.environment import CommandError, Environment
from tocsin.surfaces.cli.load_demo import simulator_key_file
from tocsin.surfaces.cli.ports import HOST, LISTEN_FD, free_sip_port, listening, port_of, reserved
from tocsin.surfaces.cli.printing import LogFile, Printer
from tocsin.surfaces.cli.runfiles import RunFiles, heartbeat_file
from tocsin.surfaces.cli.supervisor import Child, NotReady, Ready, Supervisor, tethered

HELP = "start everything on this machine and keep it running"
_READY_TIMEOUT_S: Final = 180.0
#: How often the database's keeper is looked after; it is only missing when somebody killed it.
_KEEPER_EVERY_S = 3.0


class Program(Protocol):
    """One process of a running Tocsin: ``tocsin NAME``. ``path`` answers 200 when it is ready."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def binds_itself(self) -> bool: ...
    @property
    def sip(self) -> bool: ...


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="load demo data and run the simulator")


def run(env: Environment, args: argparse.Namespace, programs: Sequence[Program]) -> int:
    """Run until Ctrl-C or SIGTERM. Returns 0 after a clean end, 1 when something did not come up."""
    env.make_folders()
    files = RunFiles(env.home)
    files.take()
    try:
        return _Up(env, files, programs, demo=args.demo).run()
    finally:
        files.leave()
        postgres.release(env.postgres_folder)


@dataclass
class _Door:
    program: Program
    socket: socket.socket | None = None
    port: int = 0


class _Up:
    def __init__(self, env: Environment, files: RunFiles, programs: Sequence[Program], *, demo: bool) -> None:
        self.env = env
        self.files = files
        self.demo = demo
        self.printer = Printer()
        self.doors = [_open(env, program) for program in programs]
        self.supervisor = Supervisor(env.home / "logs", self.printer, files.write_processes)
        self.environment: dict[str, str] = {}

    def run(self) -> int:
        with self._step("database"):
            owner_url = self._database()
        try:
            return asyncio.run(self._run(owner_url))
        except KeyboardInterrupt:
            return 130

    def _say(self, text: str) -> None:
        self.printer.line("tocsin", text)

    @contextmanager
    def _step(self, name: str) -> Any:
        self._say(f"{name} …")
        started = time.monotonic()
        yield
        self._say(f"{name} ready after {time.monotonic() - started:.1f} s")

    def _database(self) -> str:
        """Make sure there is a database; fill ``environment`` for the children; return the owner's URL."""
        app, owner = self.env.database_url, self.env.owner_database_url
        if self.env.embedded:
            urls = postgres.ensure(self.env.postgres_folder, say=self._say)
            app, owner = urls.app, urls.owner
        elif not owner:
            raise CommandError(
                "TOCSIN_DATABASE_URL is set and TOCSIN_OWNER_DATABASE_URL is not, so the database cannot be "
                "brought up to date. Nothing was changed. Set both, or neither for the embedded database."
            )
        self.environment = _children_environment(
            self.env, app, {d.program.name: d.port for d in self.doors}, demo=self.demo
        )
        return owner

    async def _run(self, owner_url: str) -> int:
        stop = asyncio.Event()
        self._on_signals(stop)
        work = asyncio.create_task(self._bring_up(owner_url))
        waiting = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([work, waiting], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
                await self._look_after_database(stop)
        except (NotReady, CommandError, postgres.PostgresError) as trouble:
            self._say(str(trouble))
            return 1
        finally:
            work.cancel()
            waiting.cancel()
            self._say("stopping; press Ctrl-C again to stop at once")
            await self.supervisor.stop()
            with suppress(asyncio.CancelledError, Exception):
                await work
            self._say("stopped")
        return 0

    def _on_signals(self, stop: asyncio.Event) -> None:
        def asked() -> None:
            if stop.is_set():
                self.supervisor.kill()
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, asked)

    async def _bring_up(self, owner_url: str) -> None:
        # the engine's kernels are compiled on the first start of a version: meanwhile, the rest goes on
        warming = asyncio.create_task(self._once("warm", self.environment))
        try:
            with self._step("schema, reference data, static files"):
                as_owner = {"TOCSIN_OWNER_DATABASE_URL": owner_url, "TOCSIN_DB_ROLE": "owner"}
                await self._once("migrate", self.environment | as_owner)
            if self.demo:
                with self._step("demo data"):
                    await self._once("demo", self.environment)
            await warming
        finally:
            warming.cancel()
        with self._step(", ".join(door.program.name for door in self.doors)):
            for door in self.doors:
                self.supervisor.add(self._child(door))
            for door in self.doors:
                await self.supervisor.until_ready(door.program.name, _READY_TIMEOUT_S)
        self.files.write_ports({door.program.name: door.port for door in self.doors if door.port})
        if self.demo:
            self.supervisor.add(self._simulator())
        self._greet()

    async def _once(self, command: str, environment: Mapping[str, str]) -> None:
        """Run a command to its end.

        Raises:
            CommandError: it failed; its words were printed.
        """
        process = await asyncio.create_subprocess_exec(
            *tethered(_command(command)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
        log = LogFile(self.env.home / "logs", command)
        try:
            assert process.stdout is not None  # noqa: S101  (asked for above)
            async for line in process.stdout:
                log.write(line.rstrip(b"\n"))
                self.printer.line(command, line.decode(errors="replace").rstrip("\n"))
            code = await process.wait()
        except asyncio.CancelledError:
            process.kill()
            raise
        finally:
            log.close()
        if code != 0:
            raise CommandError(
                f"`tocsin {command}` failed, so nothing was started. Its words are above and in {log.path}. "
                "The database is as it was before the step that failed."
            )

    def _child(self, door: _Door) -> Child:
        name = door.program.name
        environment, fds = dict(self.environment), []
        if door.socket is not None and not door.program.binds_itself:
            fds = [door.socket.fileno()]
            environment[LISTEN_FD] = str(fds[0])
        return Child(name, _command(name), environment, self._ready(door), fds)

    def _ready(self, door: _Door) -> Ready:
        if not door.program.path:
            return ready.by_heartbeat(heartbeat_file(self.env.home, door.program.name))
        return ready.over_http(door.port, door.program.path)

    def _simulator(self) -> Child:
        key = simulator_key_file(self.env.home).read_text().strip()
        # it is a stranger to us: it gets an address and a key, and no way to the database
        environment = {**self.environment, "TOCSIN_API_KEY": key}
        del environment["TOCSIN_DATABASE_URL"]
        addresses = [
            "--url",
            environment["TOCSIN_PUBLIC_URL"],
            "--decide-url",
            environment["TOCSIN_DECIDE_URL"],
        ]
        pace = ["--population", "300", "--rate", "6", "--every", "45"]
        # it obeys what it is told by webhook, and keeps the ground truth
        score = ["--webhook-port", "0", "--score", str(self.env.home / "run" / "score.json")]
        command = [sys.executable, "-m", "simulator", *addresses, *pace, *score]
        return Child("simulator", command, environment, ready.always)

    async def _look_after_database(self, stop: asyncio.Event) -> None:
        """Wait for the end; meanwhile make sure that the embedded database has its keeper."""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _KEEPER_EVERY_S)
            if self.env.embedded and not stop.is_set():
                try:
                    await asyncio.to_thread(postgres.ensure, self.env.postgres_folder)
                except postgres.PostgresError as trouble:
                    # the others wait for it and lose nothing; it is tried again
                    self._say(str(trouble))

    def _greet(self) -> None:
        address = self.environment["TOCSIN_PUBLIC_URL"]
        self._say("")
        self._say(f"Tocsin is up:        {address}")
        self._say(f"  help centre        {address}/help/")
        self._say(f"  console            {address}/console/")
        self._say(f"  API                {address}/v1/docs")
        for door in self.doors:
            if door.socket is not None and door.program.name != "web":
                self._say(f"  {door.program.name:<18} http://{HOST}:{door.port}")
            elif door.program.sip:
                self._say(f"  telephone          sip:safety@{self.env.line_host}:{door.port}")
        self._say(f"  everything it keeps is in {self.env.home}; logs in {self.env.home / 'logs'}")
        if self.demo:
            for line in greeting(self.env.home, address):
                self._say(line)
        self._say("Press Ctrl-C to stop.")


def _open(env: Environment, program: Program) -> _Door:
    port: int | None = getattr(env, f"{program.name}_port", None)
    if port is None:
        return _Door(program)
    if program.sip:
        return _Door(program, port=free_sip_port(program.name, env.line_host, port))
    made = (reserved if program.binds_itself else listening)(program.name, port)
    return _Door(program, made, port_of(made))


def _children_environment(
    env: Environment, app_url: str, ports: Mapping[str, int], *, demo: bool
) -> dict[str, str]:
    """What every child is told: the app's database only, and where everybody listens."""
    made = {k: v for k, v in os.environ.items() if k not in ("TOCSIN_OWNER_DATABASE_URL", "TOCSIN_DB_ROLE")}
    made |= {"TOCSIN_HOME": str(env.home), "TOCSIN_DATABASE_URL": app_url, "PYTHONUNBUFFERED": "1"}
    if demo:
        # the simulator receives webhooks on this machine; nobody else on a private address is called
        made |= {"TOCSIN_DEMO": "1"}
        made.setdefault("TOCSIN_OUTBOUND_ALLOW", "127.0.0.0/8")
    for name, port in ports.items():
        if port:
            made[f"TOCSIN_{name.upper()}_PORT"] = str(port)
            if name != "line":
                address = "TOCSIN_PUBLIC_URL" if name == "web" else f"TOCSIN_{name.upper()}_URL"
                made.setdefault(address, f"http://{HOST}:{port}")
    return made


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "tocsin.config.main", name]
