"""The embedded PostgreSQL: one server per home folder, shared by every process that attaches to it.

    urls = ensure(Path("var/postgres"))

``ensure`` starts the server or attaches to the one that runs. The server lives as long as any attached
process
does: each holds a *lease* (a shared file lock the kernel drops when the process ends, however it ends), and a
small *keeper* process restarts a server that was killed and stops it when the last lease is gone.

Nothing here knows Django.
"""

from tocsin.core.postgres.attach import ensure, release, throw_away
from tocsin.core.postgres.errors import PostgresError
from tocsin.core.postgres.secrets import Urls, urls

__all__ = ["PostgresError", "Urls", "ensure", "release", "throw_away", "urls"]
