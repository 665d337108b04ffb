"""How large a transaction may be: halved by a refusal, and back again by what goes through."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from mysql.connector import Error

from cass_snapshot.errors import SnapshotError
from cass_snapshot.mysql import transactions
from cass_snapshot.mysql.transactions import TransactionSize
from tests.support.fake_mysql import error
from tests.support.faulty_target import lines

CALM = 4
BINLOG_CACHE, DEADLOCK = 1197, 1213


@dataclass(slots=True)
class Server:
    """Takes transactions of so many rows, and refuses larger ones."""

    limit: int
    setting: int = 10
    told: list[SnapshotError] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)
    size: TransactionSize = field(init=False)

    def __post_init__(self) -> None:
        self.size = TransactionSize(lambda error, _pause: self.told.append(error), self.setting)

    def takes(self, rows: int) -> bool:
        """Write rows in one transaction, if they may; tell whether they are in."""

        def write() -> int:
            self.tried.append(rows)
            if rows > self.limit:
                raise error(BINLOG_CACHE)
            return rows

        return self.size.whole(lines(range(rows)), "here", write) == rows

    def stay_calm(self, times: int, rows: int = 1) -> None:
        """Write transactions that are small enough."""
        assert all(self.takes(rows) for _ in range(times))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few transactions be enough."""
    monkeypatch.setattr(transactions, "CALM_TRANSACTIONS", CALM)
    monkeypatch.setattr(transactions, "CALM_MAX", 2 * CALM)


def test_what_was_refused_is_not_tried_again_before_others_went_through() -> None:
    """Half of it is; then twice as much, and nothing in between is lost."""
    server = Server(limit=5)
    assert not server.takes(10)
    server.limit = 99
    server.stay_calm(CALM - 1, rows=5)
    assert not server.takes(6)
    assert server.tried == [10, *[5] * (CALM - 1)]
    server.stay_calm(1, rows=5)
    assert server.takes(10)
    assert len(server.told) == 1


def test_it_never_grows_above_the_setting() -> None:
    """However calm it is."""
    server = Server(limit=3, setting=8)
    assert not server.takes(6)
    server.limit = 99
    server.stay_calm(9 * CALM)
    assert server.takes(8)
    assert not server.takes(9)
    assert 9 not in server.tried


def test_growing_in_vain_is_tried_more_and_more_rarely() -> None:
    """Up to a bound: a limit of the server's may be raised at last."""
    server = Server(limit=5)
    assert not server.takes(10)
    for wanted in (CALM, 2 * CALM, 2 * CALM, 2 * CALM):
        server.stay_calm(wanted - 1)
        tried = len(server.tried)
        assert not server.takes(10)
        assert len(server.tried) == tried, "not even tried"
        server.stay_calm(1)
        assert not server.takes(10)
        assert server.tried[-1] == 10
    assert len(server.told) == 5


def test_a_refusal_begins_the_calm_anew() -> None:
    """What went through before it says nothing of the server as it is now."""
    server = Server(limit=5)
    assert not server.takes(10)
    server.stay_calm(CALM - 1)
    server.limit = 2
    assert not server.takes(5)
    server.limit = 99
    server.stay_calm(CALM - 1)
    assert not server.takes(3)
    server.stay_calm(1)
    assert server.takes(3)


def test_halves_of_halves_are_no_growing_in_vain() -> None:
    """The first refusals find the limit, and cost nothing later."""
    server = Server(limit=1, setting=8)
    for rows in (8, 4, 2):
        assert not server.takes(rows)
    server.limit = 99
    server.stay_calm(CALM)
    assert server.takes(2)


def test_another_error_is_none_of_its_business() -> None:
    """It goes through to the caller, and changes nothing."""
    server = Server(limit=99)

    def deadlock() -> int:
        raise error(DEADLOCK)

    with pytest.raises(Error):
        server.size.whole(lines(range(10)), "here", deadlock)
    assert server.takes(10)
    assert server.told == []
