"""Every error code of the project's notes (section 5), met where rows are written: what happens.

The writer, its statements and its patience are the product's; the server is one in memory that
fails as planned and knows how often each row was committed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from cass_snapshot.errors import (
    Fault,
    PreflightError,
    RangeFailed,
    StateError,
    TargetFull,
    TargetUnavailable,
    Transient,
)
from cass_snapshot.exits import Exit, exit_code_for
from cass_snapshot.mysql import transactions
from cass_snapshot.mysql.faults import CLASS_OF
from cass_snapshot.retry import PAUSE_MAX_S, TRANSIENT_ATTEMPTS_MAX
from tests.support import error_codes as codes
from tests.support.fake_mysql import Failure
from tests.support.faulty_target import AWAY_S, Bench, batch, bench

ROWS = (1, 2, 3, 4, 5, 6, 7, 8)
WAYS = ("LOAD DATA", "INSERT", "slice")
MANY = 10_000
Make = Callable[[str], Bench]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    """Return what makes a writer of each way."""
    return lambda way: bench(monkeypatch, tmp_path, owned=way != "INSERT")


def put(made: Bench, way: str) -> int:
    """Write the rows in one of the ways; return how many were set aside."""
    if way == "slice":
        return len(made.load(ROWS))
    (written,) = made.write(batch(1, ROWS))
    assert written.fresh
    return written.rejected


def assert_in_once(made: Bench, way: str, *, without: tuple[int, ...] = ()) -> None:
    """Prove that each row was committed once, and once counted."""
    state = made.server.state
    assert state.rows == Counter(row for row in ROWS if row not in without)
    if way != "slice":
        assert (state.seq, state.read) == (1, len(ROWS))
        assert state.written == len(ROWS) - len(without)
        assert list(state.wal) == [1]
        assert len(state.rejected) == len(without)


def assert_nothing_in(made: Bench) -> None:
    """Prove that nothing was committed, save a note of a batch that was refused."""
    state = made.server.state
    assert (state.rows, state.seq, state.read) == (Counter(), 0, 0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", ["guard", "rows", "commit"])
@pytest.mark.parametrize("code", codes.REDO)
def test_what_was_rolled_back_is_made_again_whole(make: Make, code: int, at: str, way: str) -> None:
    """R: after a ROLLBACK, the whole transaction on the same connection, five times at most."""
    made = make(way)
    made.server.failures = [Failure(at, code)] * (TRANSIENT_ATTEMPTS_MAX - 1)
    assert put(made, way) == 0
    assert_in_once(made, way)
    assert made.faults == [Fault.REDO] * (TRANSIENT_ATTEMPTS_MAX - 1)
    assert made.server.connections == 1
    assert made.server.steps["rollback"] >= TRANSIENT_ATTEMPTS_MAX - 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("code", "attempts"),
    [(code, 5) for code in codes.REDO] + [(code, 2) for code in codes.REDO_TWICE],
)
def test_what_is_rolled_back_each_time_is_given_up(
    make: Make, code: int, attempts: int, way: str
) -> None:
    """With the budget of its kind: five attempts, and two of an error that says nothing."""
    made = make(way)
    made.server.failures = [Failure("rows", code)] * MANY
    with pytest.raises(Transient, match="rolled"):
        put(made, way)
    assert made.server.steps["rows"] == attempts
    assert_nothing_in(made)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", codes.REDO_TWICE)
def test_an_error_that_says_nothing_is_tried_once_more(make: Make, code: int, way: str) -> None:
    """Two attempts at most."""
    made = make(way)
    made.server.failures = [Failure("rows", code)]
    assert put(made, way) == 0
    assert_in_once(made, way)
    assert made.faults == [Fault.UNKNOWN]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", ["guard", "rows", "commit"])
@pytest.mark.parametrize("code", codes.RECONNECT)
def test_a_lost_connection_is_opened_anew(make: Make, code: int, at: str, way: str) -> None:
    """C: what was not committed is made again, over another connection."""
    made = make(way)
    made.server.failures = [Failure(at, code)] * 3
    assert put(made, way) == 0
    assert_in_once(made, way)
    assert made.faults == [Fault.RECONNECT] * 3
    assert made.server.connections == 4


@pytest.mark.parametrize("way", ["LOAD DATA", "INSERT"])
@pytest.mark.parametrize("code", [*codes.RECONNECT, *codes.RECONNECT_ONCE])
def test_a_commit_whose_answer_is_lost_is_decided_by_the_checkpoint(
    make: Make, code: int, way: str
) -> None:
    """C: it went through, so nothing of it is made again; the batch still counts as ours."""
    made = make(way)
    made.server.failures = [Failure("commit", code, done=True)]
    assert put(made, way) == 0
    assert_in_once(made, way)
    assert made.server.steps["rows"] == 1
    assert made.server.connections == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", codes.RECONNECT_ONCE)
def test_a_statement_that_somebody_stopped_is_made_once_more(
    make: Make, code: int, way: str
) -> None:
    """C, once: whoever stops it twice means it."""
    made = make(way)
    made.server.failures = [Failure("rows", code)]
    assert put(made, way) == 0
    assert_in_once(made, way)
    assert made.faults == [Fault.INTERRUPTED]
    again = make(way)
    again.server.failures = [Failure("rows", code)] * MANY
    with pytest.raises(TargetUnavailable):
        put(again, way)
    assert again.server.steps["rows"] == 2
    assert_nothing_in(again)


WAITED_FOR = [
    *((code, Fault.CAPACITY) for code in codes.CAPACITY),
    *((code, Fault.AWAY) for code in codes.AWAY),
    *((code, Fault.FAILOVER) for code in codes.FAILOVER),
    *((code, Fault.SPACE) for code in codes.SPACE),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("code", "fault"), WAITED_FOR)
def test_a_server_that_cannot_now_is_waited_for(
    make: Make, code: int, fault: Fault, way: str
) -> None:
    """B, F and the pause of a full disk: more often than any number of attempts, with pauses."""
    made = make(way)
    at = "connect" if fault is Fault.AWAY else "rows"
    made.server.failures = [Failure(at, code)] * 20
    assert put(made, way) == 0
    assert_in_once(made, way)
    assert made.faults == [fault] * 20
    pauses = [pause for error, pause in made.told if error is not None]
    assert max(pauses) <= PAUSE_MAX_S
    assert len(set(pauses)) > 15, "the pauses are drawn"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("code", "fault"), WAITED_FOR)
def test_a_server_that_never_can_ends_the_run(
    make: Make, code: int, fault: Fault, way: str
) -> None:
    """By the clock of its kind: exit 7, and 6 for a disk that stayed full."""
    made = make(way)
    at = "connect" if fault is Fault.AWAY else "rows"
    made.server.failures = [Failure(at, code)] * MANY
    with pytest.raises((TargetUnavailable, TargetFull)) as raised:
        put(made, way)
    assert raised.value.fault is fault
    full = fault is Fault.SPACE
    assert exit_code_for(raised.value) == (Exit.LIMIT if full else Exit.UNAVAILABLE)
    assert AWAY_S <= made.now[0] <= AWAY_S + PAUSE_MAX_S
    assert_nothing_in(made)


def test_each_kind_of_fault_has_a_budget_of_its_own(make: Make) -> None:
    """An outage and a full disk of nearly their whole time leave five attempts to a deadlock."""
    made = make("LOAD DATA")
    redo = [Failure("rows", 1213)] * (TRANSIENT_ATTEMPTS_MAX - 1)
    waits = [Failure("connect", 2003)] * 20 + [Failure("rows", 1114)] * 20
    made.server.failures = [Failure("rows", 2013), *waits, *redo]
    assert put(made, "LOAD DATA") == 0
    assert_in_once(made, "LOAD DATA")
    assert Counter(made.faults) == {
        Fault.RECONNECT: 1,
        Fault.AWAY: 20,
        Fault.SPACE: 20,
        Fault.REDO: 4,
    }


@pytest.mark.parametrize("way", WAYS)
def test_after_a_failover_the_server_is_asked_whether_it_takes_writes(make: Make, way: str) -> None:
    """F: each attempt looks the host up again, and writes nothing before it is the primary's."""
    made = make(way)
    made.server.failures = [Failure("rows", 1836)]
    made.server.read_only = [False, True, True, False]
    assert put(made, way) == 0
    assert_in_once(made, way)
    assert made.faults == [Fault.FAILOVER] * 3
    assert made.server.connections == 4
    assert made.server.steps["rows"] == 2


def test_an_option_that_is_no_read_only_stops_the_run(make: Make) -> None:
    """1290 is also said of options that no failover changes."""
    made = make("LOAD DATA")
    made.server.failures = [Failure("rows", 1290)]
    original = codes.text_of(1290)
    assert "read-only" in original
    other = original.replace("--super-read-only", "--secure-file-priv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.support.fake_mysql.text_of", lambda _code: other)
        with pytest.raises(StateError):
            put(made, "LOAD DATA")
    assert made.server.steps["rows"] == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", [*codes.SIZE_OF_A_TRANSACTION, *codes.SIZE_BY_STATE])
def test_a_transaction_that_is_too_large_is_made_in_parts(make: Make, code: int, way: str) -> None:
    """S: halves until it passes, the checkpoint after all rows; what passed is remembered."""
    made = make(way)
    made.server.rows_max, made.server.size_code = 2, code
    assert put(made, way) == 0
    assert_in_once(made, way)
    assert made.faults == [Fault.SPLIT] * 2
    if way != "slice":
        before = made.server.steps["rows"]
        made.write(batch(2, (11, 12, 13)))
        assert made.server.steps["rows"] == before + 2, "two parts, none of them in vain"
        assert (made.server.state.seq, made.server.state.read) == (2, len(ROWS) + 3)


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_takes_large_transactions_again_gets_them(
    make: Make, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Its state was what stood against them, not their size; nothing is tried in vain."""
    monkeypatch.setattr(transactions, "CALM_TRANSACTIONS", 4)
    made = make(way)
    made.server.rows_max, made.server.size_code = 4, 1206
    assert put(made, way) == 0
    made.server.rows_max = None
    steps = []
    for seq in (2, 3, 4):
        before = made.server.steps["rows"]
        if way == "slice":
            made.load(ROWS)
        else:
            made.write(batch(seq, ROWS))
        steps.append(made.server.steps["rows"] - before)
    assert steps == [2, 1, 1]
    assert made.faults == [Fault.SPLIT]


@pytest.mark.parametrize("way", ["LOAD DATA", "INSERT"])
@pytest.mark.parametrize("at", ["guard", "rows", "commit"])
def test_a_connection_that_is_lost_between_parts_loses_nothing(
    make: Make, at: str, way: str
) -> None:
    """Rows of the parts before are written again, which changes nothing; they count once."""
    made = make(way)
    made.server.rows_max, made.server.size_code = 4, 1197
    whole = [Failure("commit", 1197)]
    made.server.rows_max = None
    made.server.failures = [*whole, Failure(at, 2013)]
    assert put(made, way) == 0
    state = made.server.state
    assert set(state.rows) == set(ROWS)
    assert (state.seq, state.read, state.written, list(state.wal)) == (1, 8, 8, [1])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", codes.SIZE_OF_A_TRANSACTION)
def test_a_row_that_is_too_large_by_itself_is_set_aside(make: Make, code: int, way: str) -> None:
    """S becomes D: no transaction is smaller than that of one row."""
    made = make(way)
    made.server.bad = {5: code}
    assert put(made, way) == 1
    assert_in_once(made, way, without=(5,))
    assert [row.problems[0].error for row in made.rejects.rows] == [code]
    assert "max_binlog_cache_size" in made.rejects.rows[0].problems[0].fix


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", codes.SIZE_BY_STATE)
def test_a_server_that_takes_no_transaction_at_all_fails_the_range(
    make: Make, code: int, way: str
) -> None:
    """No row is to blame for a lock table that is full, or for a plugin."""
    made = make(way)
    made.server.rows_max, made.server.size_code = 0, code
    with pytest.raises(RangeFailed):
        put(made, way)
    assert made.rejects.rows == []
    assert_nothing_in(made)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "code", sorted({*codes.DATA, *codes.UNIQUE, *codes.SIZE_OF_A_STATEMENT} - {0})
)
def test_a_row_that_is_refused_is_set_aside_and_the_others_are_in(
    make: Make, code: int, way: str
) -> None:
    """D: found by halves in one transaction, and named with its error; nothing is waited for."""
    made = make(way)
    made.server.bad = {3: code}
    assert put(made, way) == 1
    assert_in_once(made, way, without=(3,))
    assert [row.problems[0].error for row in made.rejects.rows] == [code]
    assert made.server.steps["commit"] == 1
    assert made.told == []


STOPS = [
    *((code, StateError) for code in (*codes.SCHEMA, *codes.INTEGRITY, *codes.UNKNOWN)),
    *((code, PreflightError) for code in codes.LOGIN),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", ["guard", "rows"])
@pytest.mark.parametrize(("code", "kind"), STOPS)
def test_what_nothing_helps_against_stops_at_once(
    make: Make, code: int, kind: type[Exception], at: str, way: str
) -> None:
    """X, an unknown code among them: one attempt, no pause, code and SQLSTATE, no row data."""
    made = make(way)
    made.server.failures = [Failure(at, code)]
    with pytest.raises(kind) as raised:
        put(made, way)
    assert f"{code} (HY000)" in str(raised.value)
    assert ("row data" in str(raised.value)) == (kind is PreflightError and code not in DENIED)
    assert made.server.steps[at] == 1
    assert made.told == []
    assert_nothing_in(made)


DENIED = (1142, 1143, 1227)


def test_every_code_that_has_a_class_is_met_here_or_is_a_row_s_own() -> None:
    """A code that is added without a row in these tables is found."""
    met = {code for name in vars(codes) if name.isupper() for code in vars(codes)[name]}
    of_a_row = {4025, 6136, 1300, 1301, 1416, 1451, 1216, 1217, 1557, 1586, 1761, 1762, 1748, 1644}
    assert set(CLASS_OF) - met == of_a_row
