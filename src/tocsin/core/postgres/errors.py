"""What can go wrong with the embedded server, in words an operator can act on."""


class PostgresError(RuntimeError):
    """The embedded server cannot be used. The message says what happened and what to do."""
