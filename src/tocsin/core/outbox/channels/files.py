"""Messages written to files, for development and until there is a mail server or a carrier."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from django.conf import settings


def write(key: str, suffix: str, content: bytes) -> Path:
    """Write ``$TOCSIN_HOME/mail/<key><suffix>`` whole or not at all. The same key writes the same file.

    What a file name cannot hold is replaced, and a digest keeps such names apart.
    """
    name = re.sub(r"[^A-Za-z0-9._-]", "_", key)[:120]
    if name != key:
        name = f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    folder = Path(settings.TOCSIN_HOME) / "mail"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{name}{suffix}"
    draft = folder / f".{name}.{os.getpid()}.tmp"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    return path
