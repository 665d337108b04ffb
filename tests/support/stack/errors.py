"""What can go wrong with a stack, by what the caller does about it."""


class StackError(Exception):
    """Something the operator must see; the message says what, where and what to do."""


class MissingError(StackError):
    """This machine lacks something, and trying again does not help."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}\n"
            "Or name servers of your own:\n"
            "  export CASS_SNAPSHOT_TEST_CASSANDRA=cassandra://HOST:PORT\n"
            "  export CASS_SNAPSHOT_TEST_MYSQL=mysql://USER:PASSWORD@HOST:PORT/DATABASE"
        )


class StackDownError(StackError):
    """The servers that were asked for are not up."""


class PortTakenError(StackError):
    """Somebody took a port between our choosing it and the server's binding it."""


class CancelledError(StackError):
    """The work was given up because another part failed or the operator pressed Ctrl-C."""
