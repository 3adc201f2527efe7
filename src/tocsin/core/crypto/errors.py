"""Why a sealed value cannot be opened. The three are told apart, because what to do about them differs."""


class CannotOpen(Exception):
    """Base of the three below."""


class Shredded(CannotOpen):
    """The key of this scope was destroyed on purpose: the value can never be read again."""


class MissingKey(CannotOpen):
    """There is a sealed value and no key row: data was lost or moved between databases. Nobody asked for
    this."""


class Tampered(CannotOpen):
    """The sealed value was changed, or belongs to another scope or field."""


class KeyServiceUnavailable(RuntimeError):
    """The key service cannot be reached or refuses; sealed data stays sealed."""
