"""What the Cassandra driver raises, and what should be done about it."""

from __future__ import annotations

from typing import Any

import pytest
from cassandra import (
    AuthenticationFailed,
    InvalidRequest,
    OperationTimedOut,
    ReadFailure,
    ReadTimeout,
    Unauthorized,
    Unavailable,
)
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionShutdown
from cassandra.protocol import (
    ConfigurationException,
    IsBootstrappingErrorMessage,
    OverloadedErrorMessage,
    ProtocolException,
    ServerError,
    SyntaxException,
)

from cass_snapshot.errors import (
    PreflightError,
    RangeFailed,
    SnapshotError,
    SourceUnavailable,
    Transient,
)
from cass_snapshot.reader.faults import translate


def answered(kind: Any, code: int) -> Exception:  # noqa: ANN401 - the driver is untyped
    """Return an error message of the protocol."""
    return kind(code, "text of the server", {})  # type: ignore[no-any-return]  # untyped


CASES: list[tuple[Exception, type[SnapshotError]]] = [
    (ReadTimeout("r"), Transient),
    (OperationTimedOut(), Transient),
    (ReadFailure("r", error_code_map={"10.0.0.1": 0}), Transient),
    (ReadFailure("r", error_code_map={"10.0.0.1": 6}), Transient),
    (ReadFailure("r"), Transient),
    (ReadFailure("r", error_code_map={"10.0.0.1": 0, "10.0.0.2": 1}), RangeFailed),
    (Unavailable("u"), SourceUnavailable),
    (answered(OverloadedErrorMessage, 0x1001), SourceUnavailable),
    (answered(IsBootstrappingErrorMessage, 0x1002), SourceUnavailable),
    (ConnectionShutdown("gone"), SourceUnavailable),
    (NoHostAvailable("none", {}), SourceUnavailable),
    (NoHostAvailable("none", {"10.0.0.1": ConnectionRefusedError(111, "no")}), SourceUnavailable),
    (NoHostAvailable("none", {"10.0.0.1": AuthenticationFailed("bad")}), PreflightError),
    (AuthenticationFailed("bad"), PreflightError),
    (answered(ServerError, 0), Transient),
    (answered(ProtocolException, 0x000A), Transient),
    (Unauthorized("no SELECT"), RangeFailed),
    (answered(SyntaxException, 0x2000), RangeFailed),
    (InvalidRequest("unknown column"), RangeFailed),
    (answered(ConfigurationException, 0x2300), RangeFailed),
    (ValueError("the driver could not parse a page of rows"), RangeFailed),
]


@pytest.mark.parametrize(("error", "expected"), CASES)
def test_an_error_has_the_class_of_what_should_be_done(
    error: Exception, expected: type[SnapshotError]
) -> None:
    """The table of the project's notes, section 7; the message says where."""
    ours = translate(error, where="shop.orders, range 3")
    assert expected is type(ours)
    assert ours.where == "shop.orders, range 3"
    assert "\n" not in str(ours)


def test_too_many_tombstones_are_called_by_name() -> None:
    """Repeating the read cannot help, so the operator is told what can."""
    ours = translate(ReadFailure("r", error_code_map={"10.0.0.1": 1}), where="w")
    assert "tombstones" in ours.what
    assert "compact" in ours.fix


def test_a_bug_of_ours_stays_one() -> None:
    """What nobody expected is not turned into an error of a server."""
    with pytest.raises(TypeError):
        translate(TypeError("ours"), where="w")


def test_the_causes_of_no_host_are_named() -> None:
    """Which host, and why; bounded in length."""
    causes = {f"10.0.0.{n}": ConnectionRefusedError(111, "refused") for n in range(200)}
    why = translate(NoHostAvailable("none", causes), where="w").why
    assert why.startswith("10.0.0.0: ConnectionRefusedError:")
    assert len(why) == 500
