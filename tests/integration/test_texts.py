"""Texts that look like the loader's own marks arrive equal, whichever way rows are written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cells import TEXTS
from tests.support.command import Command
from tests.support.compare import differences
from tests.support.servers import Place

pytestmark = pytest.mark.servers

WRITER = "t_writer"


@pytest.fixture
def texts(place: Place) -> Place:
    """Make every pair of texts, beside booleans and NULLs; each text is alone in a batch too."""
    place.cql(
        "CREATE TABLE {ks}.texts (id int PRIMARY KEY, first text, yes boolean, second text,"
        " amount int, third ascii, data blob)"
    )
    place.insert(
        "INSERT INTO {ks}.texts (id, first, yes, second, third, data) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                first,
                None if number % 3 == 0 else number % 3 == 1,
                second,
                first if first.isascii() else None,
                second.encode(),
            )
            for number, (first, second) in enumerate(
                (first, second) for first in TEXTS for second in TEXTS
            )
        ],
    )
    return place


@pytest.fixture
def writer(texts: Place) -> Iterator[str]:
    """Make a login that may insert and update, and not delete."""
    texts.sql(f"CREATE USER '{WRITER}'@'%'")
    texts.sql(f"GRANT SELECT, INSERT, UPDATE, CREATE ON {{db}}.* TO '{WRITER}'@'%'")
    yield WRITER
    texts.sql(f"DROP USER '{WRITER}'@'%'")


def test_hard_texts_arrive_equal_with_load_data(texts: Place) -> None:
    """Batches of one row and of many: what the text alone cannot tell goes the slow way."""
    for rows in ("10", "1000"):
        command = Command(texts, MYSQL__BATCH_ROWS_MAX=rows)
        ended = command.run("texts", "--range-count", "3")
        assert ended.code == 0, str(ended)
        assert command.status()["tables"][0]["how"] == "LOAD DATA"
        assert differences(texts, "texts") == []
        texts.sql("DELETE FROM {db}.texts")


def test_hard_texts_arrive_equal_without_the_right_to_delete(texts: Place, writer: str) -> None:
    """A login without DELETE cannot use LOAD DATA ... REPLACE; the upsert takes every row."""
    command = Command(texts)
    for _ in range(2):  # over an empty target, and over one that is full
        ended = command.run("texts", "--range-count", "3", user=writer)
        assert ended.code == 0, str(ended)
        assert command.status()["tables"][0]["how"].startswith("INSERT")
        assert differences(texts, "texts") == []


def test_a_compressed_wal_carries_the_same_rows(texts: Place) -> None:
    """With zstd the segments are frames, and MySQL equals Cassandra all the same."""
    command = Command(texts, MYSQL__BATCH_ROWS_MAX="200")
    ended = command.run("texts", "--range-count", "3", "--compression", "zstd")
    assert ended.code == 0, str(ended)
    segments = list((command.folders()[0] / "wal").rglob("*.wal.zst"))
    assert len(segments) == 3
    assert all(path.read_bytes()[:4] == b"\x28\xb5\x2f\xfd" for path in segments)
    assert differences(texts, "texts") == []

    texts.sql("DELETE FROM {db}.texts WHERE id < 500")
    texts.sql("UPDATE {db}.snapshot_checkpoints SET batch_seq = 0, state = 'running'")
    texts.sql("DELETE FROM {db}.snapshot_wal")
    replayed = command.call("replay-wal", *command.both()[2:])
    assert replayed.code == 0, str(replayed)
    assert differences(texts, "texts") == []
