"""What each web worker loads: the application, tied to the server that started the worker."""

import os

from tocsin.surfaces.cli.tether import die_with_parent

# before anything else is loaded: a server that is killed must not leave workers behind that hold its port
die_with_parent(os.getppid())

from tocsin.config.wsgi import application  # noqa: E402

__all__ = ["application"]
