"""Sifting: exactly the refused rows are left out, for a price that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cass_snapshot.mysql.refusals import Refused
from cass_snapshot.mysql.rows import SAVEPOINT, TO_SAVEPOINT
from cass_snapshot.mysql.sift import sift


class Deadlock(Exception):
    """Ends the whole transaction."""


@dataclass(slots=True)
class Transaction:
    """A transaction with one savepoint; a slice that is refused leaves half of itself behind."""

    bad: set[bytes]
    rows: list[bytes] = field(default_factory=list)
    kept: int | None = None
    puts: int = 0
    sent: int = 0

    def execute(self, sql: str) -> None:
        """Set the savepoint, or go back to it."""
        if sql == SAVEPOINT:
            self.kept = len(self.rows)
        elif sql == TO_SAVEPOINT:
            assert self.kept is not None, "no savepoint was set"
            del self.rows[self.kept :]

    def put(self, lines: Sequence[bytes]) -> None:
        """Write some rows up to the first one that is refused."""
        self.puts += 1
        self.sent += len(lines)
        for line in lines:
            if line in self.bad:
                raise Refused(1406)
            self.rows.append(line)


def sifted(count: int, bad: set[int]) -> tuple[Transaction, list[int]]:
    """Return the transaction after rows 0.. of which some are bad, and the refused ones."""
    server = Transaction({b"%d" % n for n in bad})
    refused = sift(server, [b"%d" % n for n in range(count)], server.put)
    return server, [int(line) for line, _ in refused]


@given(st.integers(1, 70).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_exactly_the_bad_rows_are_left_out(drawn: tuple[int, set[int]]) -> None:
    """Each once, in order; the others are in, once and in order."""
    count, bad = drawn
    server, refused = sifted(count, bad)
    assert refused == sorted(bad)
    assert [int(row) for row in server.rows] == [n for n in range(count) if n not in bad]


def test_each_of_many_refused_rows_costs_less_than_two_statements() -> None:
    """The worst case: no row of the batch is taken."""
    server, refused = sifted(1000, set(range(1000)))
    assert len(refused) == 1000
    assert server.puts < 2 * 1000
    assert server.rows == []


@pytest.mark.parametrize("place", [0, 9_999, 19_999])
def test_one_bad_row_among_many_is_found_by_halves(place: int) -> None:
    """A few statements, and the batch sent about twice."""
    server, refused = sifted(20_000, {place})
    assert refused == [place]
    assert server.puts <= 2 * ceil(log2(20_000))
    assert server.sent < 2.01 * 20_000


def test_a_deadlock_is_no_refusal() -> None:
    """It ended the transaction and its savepoints; sifting on would commit what is left."""
    server = Transaction(set())

    def put(lines: Sequence[bytes]) -> None:
        if b"3" in lines:
            raise Deadlock
        server.put(lines)

    with pytest.raises(Deadlock):
        sift(server, [b"%d" % n for n in range(8)], put)
