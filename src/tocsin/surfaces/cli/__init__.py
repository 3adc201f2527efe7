"""The command line: ``tocsin …``. One module a command, with ``HELP``, ``arguments(parser)`` and ``run(env,
args)``."""
