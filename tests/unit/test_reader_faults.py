"""What the Cassandra driver raises, and what should be done about it."""

from __future__ import annotations

from collections.abc import Iterator
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
    SourceOverloaded,
    SourceUnavailable,
    Transient,
)
from cass_snapshot.reader.amounts import GENTLE_PAGES, PageSize
from cass_snapshot.reader.faults import RETRY_AFTER_MAX_S, Remedy, remedy_of, translate
from cass_snapshot.reader.fetch import RawPage, fetch
from cass_snapshot.reader.tries import Refused, TooMuch
from cass_snapshot.retry import Patience
from tests.support.patient import NoWait, patience
from tests.support.small_cassandra import Answer, Bound, Request, Session


def answered(kind: Any, code: int) -> Exception:  # noqa: ANN401 - the driver is untyped
    """Return an error message of the protocol."""
    return kind(code, "text of the server", {})  # type: ignore[no-any-return]  # untyped


TOMBSTONES = ReadFailure("r", error_code_map={"10.0.0.1": 0, "10.0.0.2": 1})
OVERLOADED = answered(OverloadedErrorMessage, 0x1001)
CASES: list[tuple[Exception, Remedy, type[SnapshotError]]] = [
    (ReadTimeout("r"), Remedy.LESS, Transient),
    (OperationTimedOut(), Remedy.LESS, Transient),
    (ReadFailure("r", error_code_map={"10.0.0.1": 0}), Remedy.THRICE, Transient),
    (ReadFailure("r"), Remedy.THRICE, Transient),
    (ReadFailure("r", error_code_map={"10.0.0.1": 2}), Remedy.LESS, Transient),
    (ReadFailure("r", error_code_map={"10.0.0.1": 3}), Remedy.WAIT, SourceUnavailable),
    (ReadFailure("r", error_code_map={"10.0.0.1": 4}), Remedy.LESS, Transient),
    (ReadFailure("r", error_code_map={"10.0.0.1": 5}), Remedy.WAIT, SourceUnavailable),
    (ReadFailure("r", error_code_map={"10.0.0.1": 6}), Remedy.WAIT, SourceUnavailable),
    (TOMBSTONES, Remedy.FEWER_TOMBSTONES, RangeFailed),
    (Unavailable("u"), Remedy.WAIT, SourceUnavailable),
    (OVERLOADED, Remedy.SLOWER, SourceOverloaded),
    (answered(IsBootstrappingErrorMessage, 0x1002), Remedy.WAIT, SourceUnavailable),
    (ConnectionShutdown("gone"), Remedy.WAIT, SourceUnavailable),
    (NoHostAvailable("none", {}), Remedy.WAIT, SourceUnavailable),
    (
        NoHostAvailable("none", {"10.0.0.1": ConnectionRefusedError(111, "no")}),
        Remedy.WAIT,
        SourceUnavailable,
    ),
    (
        NoHostAvailable("none", {"10.0.0.1": AuthenticationFailed("bad")}),
        Remedy.NONE,
        PreflightError,
    ),
    (AuthenticationFailed("bad"), Remedy.NONE, PreflightError),
    (answered(ServerError, 0), Remedy.TWICE, Transient),
    (answered(ProtocolException, 0x000A), Remedy.TWICE, Transient),
    (Unauthorized("no SELECT"), Remedy.NONE, PreflightError),
    (answered(SyntaxException, 0x2000), Remedy.NONE, PreflightError),
    (InvalidRequest("unknown column"), Remedy.LOOK, RangeFailed),
    (answered(ConfigurationException, 0x2300), Remedy.NONE, PreflightError),
    (ValueError("the driver could not parse a page of rows"), Remedy.NONE, RangeFailed),
]
"""What may happen to a request, with the driver's own classes."""


@pytest.mark.parametrize(("error", "remedy", "expected"), CASES)
def test_an_error_has_the_class_of_what_should_be_done(
    error: Exception, remedy: Remedy, expected: type[SnapshotError]
) -> None:
    """The table of the project's notes, section 7; the message says where."""
    assert remedy is remedy_of(error)
    ours = translate(error, where="shop.orders, range 3")
    assert expected is type(ours)
    assert ours.where == "shop.orders, range 3"
    assert "\n" not in str(ours)


def test_too_many_tombstones_are_called_by_name() -> None:
    """Repeating the read cannot help, so the operator is told what can."""
    ours = translate(ReadFailure("r", error_code_map={"10.0.0.1": 1}), where="w")
    assert "tombstones" in ours.what
    for advice in ("compact", "gc_grace_seconds", "tombstone_failure_threshold"):
        assert advice in ours.fix


@pytest.mark.parametrize(
    ("text", "pause_s"),
    [
        ("Request rate is large: ActivityID=1, RetryAfterMs=450, Additional details=x", 0.45),
        ("RetryAfterMs: 1200", 1.2),
        ("RetryAfterMs=99999999", RETRY_AFTER_MAX_S),
        ("too many requests", 0.0),
        ("RetryAfterMs=soon", 0.0),
    ],
)
def test_a_service_says_how_long_it_wants_to_be_left_alone(text: str, pause_s: float) -> None:
    """In the text alone; within a bound."""
    ours = translate(OverloadedErrorMessage(0x1001, text, {}), where="w")
    assert isinstance(ours, SourceOverloaded)
    assert pause_s == ours.retry_after_s


def test_a_missing_grant_is_named() -> None:
    """It concerns every range."""
    assert "GRANT SELECT" in translate(Unauthorized("no SELECT"), where="w").fix


ASKED: list[tuple[Exception, int, type[SnapshotError]]] = [
    (ReadTimeout("r"), 5, TooMuch),
    (OperationTimedOut(), 5, TooMuch),
    (ReadFailure("r", error_code_map={"10.0.0.1": 2}), 5, TooMuch),
    (TOMBSTONES, 3, TooMuch),
    (ReadFailure("r"), 3, RangeFailed),
    (answered(ServerError, 0), 2, RangeFailed),
    (answered(ProtocolException, 0x000A), 2, RangeFailed),
    (InvalidRequest("unknown column"), 1, Refused),
    (Unauthorized("no SELECT"), 1, PreflightError),
    (answered(SyntaxException, 0x2000), 1, PreflightError),
    (answered(ConfigurationException, 0x2300), 1, PreflightError),
    (AuthenticationFailed("bad"), 1, PreflightError),
    (ValueError("the driver could not parse a page of rows"), 1, RangeFailed),
]


@pytest.mark.parametrize(("error", "times", "raised"), ASKED)
def test_a_page_is_asked_for_as_often_as_that_may_help(
    error: Exception, times: int, raised: type[SnapshotError]
) -> None:
    """Sixteen rows three times, then two, then one; or as often as the class allows."""
    session = Session(lambda _: error)
    with pytest.raises(SnapshotError) as failed:
        list(pages(session, patience()))
    assert raised is type(failed.value)
    assert times == len(session.requests)


AWAY = [error for error, remedy, _ in CASES if remedy in (Remedy.WAIT, Remedy.SLOWER)]


@pytest.mark.parametrize("error", AWAY, ids=repr)
def test_a_cassandra_that_is_away_is_waited_for_by_the_clock(error: Exception) -> None:
    """However many requests that takes; every one is told, and is what it was before."""
    left = [error] * 40
    told: list[tuple[SnapshotError | None, float]] = []
    session = Session(lambda _: left.pop() if left else ([(b"1",)], None))
    assert [page.rows for page in pages(session, patience(told=told))] == [[(b"1",)]]
    assert len(told) == 41
    assert told[-1] == (None, 0.0)
    assert {request.rows for request in session.requests} == {16}


def test_waiting_ends_with_the_patience() -> None:
    """The clock is over at the first look here; the error says that Cassandra is away."""
    session = Session(lambda _: Unavailable("u"))
    with pytest.raises(SourceUnavailable):
        list(pages(session, patience(unavailable_s=0.0)))
    assert len(session.requests) == 1


def test_the_servers_wish_is_the_least_pause() -> None:
    """Every time; our own pauses are three seconds at most."""
    stop = NoWait()
    left: list[Exception] = [OverloadedErrorMessage(0x1001, "RetryAfterMs=7500", {})] * 3
    session = Session(lambda _: left.pop() if left else ([(b"1",)], None))
    list(pages(session, patience(stop)))
    assert stop.pauses == [7.5, 7.5, 7.5]


def test_after_too_much_work_pages_come_one_by_one() -> None:
    """The next one is asked for when the one before was handled, and ahead again later."""
    overloaded = [OVERLOADED]

    def answer(request: Request) -> Answer:
        if overloaded and request.state == b"1":
            return overloaded.pop()
        place = int(request.state or b"0")
        return [(b"%d" % place,)], b"%d" % (place + 1) if place < GENTLE_PAGES + 5 else None

    session = Session(answer)
    ahead = []
    for place, _ in enumerate(pages(session, patience())):
        failed = 1 if place else 0
        ahead.append(len(session.requests) - place - 1 - failed)
    assert ahead[1 : GENTLE_PAGES - 1] == [0] * (GENTLE_PAGES - 2)
    assert ahead[-3:] == [1, 1, 0]


def pages(session: Session, waits: Patience) -> Iterator[RawPage]:
    """Return the pages that ``fetch`` makes of a session's answers."""
    return fetch(session, Bound("SELECT", ()), size=PageSize(1000), patience=waits, where="w")


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
