"""What stands in a table of MySQL where rows were there before: by the policy of the mapping."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cass_snapshot.forms import Form
from cass_snapshot.planned import Conflict, Reading
from tests.support.planned_targets import BODY, KEY, Make, make, twice

pytestmark = pytest.mark.servers
__all__ = ["make"]

BODY_AT = replace(
    BODY, name="body_at", sql="BIGINT", form=Form.INTEGER, source="body", reading=Reading.WRITETIME
)
NOTE = replace(BODY, name="note")
NOTE_AT = replace(BODY_AT, name="note_at", source="note")
SURROGATE = (
    "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, file_id INT NOT NULL, body VARCHAR(40) NULL,"
    " made VARCHAR(10) NOT NULL DEFAULT 'here', UNIQUE KEY (file_id)"
)
FILE_ID = replace(KEY, name="file_id", source="id")


@pytest.mark.parametrize(
    ("conflict", "body"), [(Conflict.OVERWRITE, "new"), (Conflict.KEEP, "old")]
)
def test_a_surrogate_id_stays_and_the_policy_decides_the_rest(
    make: Make, conflict: Conflict, body: str
) -> None:
    """Rows are told apart by the unique key; what is not mapped keeps its value or its default."""
    bench = make([FILE_ID, BODY], ddl=SURROGATE, conflict=conflict)
    bench.place.sql(
        "INSERT INTO {db}.items VALUES (7, 1, 'old', 'there'), (9, 3, 'only here', 'there')"
    )
    twice(bench, [[1, "new"], [2, "new"]])
    found = {file_id: (row_id, rest) for row_id, file_id, *rest in bench.rows()}
    assert found[1] == (7, [body, "there"])
    assert found[3] == (9, ["only here", "there"])
    assert found[2][1] == ["new", "here"]
    assert found[2][0] > 9


STAMPED = "id INT PRIMARY KEY, body VARCHAR(40), body_at BIGINT, note VARCHAR(40), note_at BIGINT"


def test_the_newer_row_wins_whole(make: Make) -> None:
    """By the greatest write time of each; a row that has none is the oldest; equal ones replace."""
    columns = [KEY, BODY, BODY_AT, NOTE, NOTE_AT]
    bench = make(columns, ddl=STAMPED, conflict=Conflict.NEWER)
    bench.place.sql(
        "INSERT INTO {db}.items VALUES (1, 'old', 10, 'old', 20), (2, 'old', 10, 'old', 20),"
        " (3, 'old', 10, 'old', 20), (4, 'old', NULL, 'old', NULL), (5, 'old', NULL, 'old', 5),"
        " (6, 'old', NULL, 'old', NULL), (7, 'old', 30, 'old', NULL)"
    )
    twice(
        bench,
        [
            [1, "new", 21, None, None],
            [2, "new", 19, "new", 19],
            [3, "new", 20, "new", 1],
            [4, "new", 1, "new", None],
            [5, None, None, None, None],
            [6, "new", None, None, None],
            [7, "new", 29, "new", 31],
            [8, "new", None, "new", 3],
        ],
    )
    assert bench.rows() == [
        (1, "new", 21, None, None),
        (2, "old", 10, "old", 20),
        (3, "new", 20, "new", 1),
        (4, "new", 1, "new", None),
        (5, "old", None, "old", 5),
        (6, "new", None, None, None),
        (7, "new", 29, "new", 31),
        (8, "new", None, "new", 3),
    ]
