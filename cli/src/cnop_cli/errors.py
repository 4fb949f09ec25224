"""What a command says when it cannot do what it was asked."""


class CommandError(Exception):
    """A command failed for a reason that its user can act on; the text is one line."""
