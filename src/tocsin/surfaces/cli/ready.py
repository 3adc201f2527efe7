"""Asking a process whether it does its work yet."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tocsin.surfaces.cli.ports import HOST
from tocsin.surfaces.cli.supervisor import Ready

_TIMEOUT_S = 5.0


def over_http(port: int, path: str) -> Ready:
    """Ready when ``GET path`` answers 200."""

    async def ask(_started: float) -> bool:
        try:
            return await asyncio.wait_for(_status(port, path), _TIMEOUT_S) == 200
        except (OSError, TimeoutError, ValueError):
            return False

    return ask


async def _status(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode())
        line = await reader.readline()
    finally:
        writer.close()
    return int(line.split()[1]) if line else 0


def by_heartbeat(file: Path) -> Ready:
    """Ready when the process has written ``file`` after it was started."""

    async def ask(started: float) -> bool:
        return file.exists() and file.stat().st_mtime >= started

    return ask


async def always(_started: float) -> bool:
    """For a process nobody waits for."""
    return True
