"""For any page: the rows that fit have their lines, the others are set aside, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import Cells, Tally
from cass_snapshot.planned import PlannedColumn
from tests.support.typed_cells import column, encoded, key

COLUMNS = (
    PlannedColumn(
        column=key("id", "int"), form=Form.INTEGER, limits=Limits(type="INT", nullable=False)
    ),
    PlannedColumn(
        column=column("note", "text"),
        form=Form.TEXT,
        limits=Limits(type="VARCHAR(3)", chars_max=3, nullable=False),
        null="none",
    ),
    PlannedColumn(column=column("flag", "boolean"), form=Form.BOOLEAN, limits=Limits(type="B")),
    PlannedColumn(
        column=column("tags", "list<boolean>"), form=Form.JSON, limits=Limits(type="LONGTEXT")
    ),
    PlannedColumn(
        column=column("at", "timestamp"),
        form=Form.DATETIME,
        limits=Limits(type="DATETIME(0)", fraction_digits_max=0, nullable=False),
    ),
)
GOOD = (
    st.integers(0, 9).map(lambda n: n.to_bytes(4, "big")),
    st.sampled_from([None, b"", b"abc", b'",', b"nul", ",é".encode()]),
    st.sampled_from([None, b"\0", b"\1", b"\2"]),
    st.sampled_from([None, b"", b"\xff", bytes.fromhex("00000002 00000001 01 ffffffff")]),
    st.integers(0, 9).map(lambda n: (n * 1000).to_bytes(8, "big")),
)
BAD = (
    st.sampled_from([None, b"", b"\0\0\0"]),
    st.sampled_from([b"abcd", b"\xff"]),
    st.just(b""),
    st.nothing(),
    st.sampled_from([None, b"", (1).to_bytes(8, "big"), (2**63 - 1).to_bytes(8, "big")]),
)
ROWS = st.lists(
    st.tuples(
        *[
            st.one_of(
                *[good.map(lambda cell: (cell, True))] * 6, bad.map(lambda cell: (cell, False))
            )
            for good, bad in zip(GOOD, BAD, strict=True)
        ]
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_a_page_is_the_lines_of_its_good_rows_and_the_bad_ones(
    drawn: list[tuple[tuple[bytes | None, bool], ...]],
) -> None:
    """Each bad row once, in order, with every column that is bad; each good row as if alone."""
    rows: list[Cells] = [tuple(cell for cell, _ in row) for row in drawn]
    bad = [
        [p.column.name for p, (_, good) in zip(COLUMNS, row, strict=True) if not good]
        for row in drawn
    ]
    made = encoded(COLUMNS, rows)
    alone = [
        encoded(COLUMNS, [row]).lines for row, names in zip(rows, bad, strict=True) if not names
    ]
    found = [(r.token - 100, r.cells, [p.column for p in r.problems]) for r in made.rejected]
    assert found == [(n, rows[n], names) for n, names in enumerate(bad) if names]
    assert made.lines.data == b"".join(line.data for line in alone)
    nulls = sum(row[1] is None for row, names in zip(rows, bad, strict=True) if not names)
    tally = Tally(refused=len(found), nulls=(("note", nulls),) if nulls else ())
    assert made.lines == replace(
        made.lines, rows=len(alone), words=sum(line.words for line in alone), tally=tally
    )
    values = [json.loads(line) for line in made.lines.data.splitlines()]
    assert made.lines.words == sum(v is None or isinstance(v, bool) for row in values for v in row)
