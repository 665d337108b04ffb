"""A WAL from somebody else: right checksums, wrong content."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cass_snapshot.errors import WalCorrupt
from cass_snapshot.model import Tally
from cass_snapshot.wal.format import seal
from cass_snapshot.wal.records import Commit, Header
from tests.support.forgetful_disk import ForgetfulDisk
from tests.support.wal_samples import TABLE, WAL, identity, new_disk, open_wal

FOLDER = WAL / str(TABLE)


def hostile(commit: dict[str, object], rows: bytes) -> ForgetfulDisk:
    """Return a WAL whose checksums are right, as those of an attacker are."""
    opening, chain = seal(Header(identity=identity(), first_seq=1, prev="0" * 16))
    honest = Commit(
        seq=1, rows=2, words=0, size=len(rows), position=None, closing=False, synced=0, prev=chain
    )
    line, _ = seal(replace(honest, **commit), rows)  # type: ignore[arg-type]  # hostile on purpose
    disk = new_disk()
    disk.put(FOLDER / "000017-000001.wal", opening + rows + line)
    return disk


@pytest.mark.parametrize(
    ("commit", "rows"),
    [
        ({}, b'["a"]\n{"x":1}\n["b"]\n'),
        ({}, b'["a"]\n'),
        ({}, b'["a"]\n["b"]\n["c"]\n'),
        ({"size": 5}, b'["a"]\n["b"]\n'),
        ({"seq": 2}, b'["a"]\n["b"]\n'),
        ({"synced": 7}, b'["a"]\n["b"]\n'),
        ({"prev": "f" * 16}, b'["a"]\n["b"]\n'),
    ],
)
def test_a_hostile_batch_is_refused_however_well_it_is_signed(
    commit: dict[str, object], rows: bytes
) -> None:
    """The checksum is no secret: what a line says is held against its place and its rows."""
    with pytest.raises(WalCorrupt, match=r"000017-000001\.wal:"):
        open_wal(hostile(commit, rows))


@pytest.mark.parametrize(
    "commit",
    [
        *({"seq": "1"}, {"rows": -1}, {"closing": 1}, {"words": 2.0}, {"synced": 2**63}),
        *({"prev": ""}, {"tally": Tally(static_only=-1)}, {"tally": Tally(refused=2.0)}),  # type: ignore[arg-type]  # hostile on purpose
        *({"tally": Tally(nulls=(("owner", -1),))}, {"tally": Tally(nulls=(("owner", True),))}),
    ],
)
def test_a_value_of_another_type_is_no_commit_line(commit: dict[str, object]) -> None:
    """Such a line counts as bytes without meaning, and no batch comes of them."""
    assert open_wal(hostile(commit, b'["a"]\n["b"]\n')).last_seq == 0
