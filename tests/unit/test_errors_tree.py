"""Errors carry what happened, where, why and what to do, also across processes."""

from __future__ import annotations

import pickle

import pytest

from cass_snapshot import errors
from cass_snapshot.errors import SnapshotError

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, SnapshotError)
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_crosses_a_process_whole(kind: type[SnapshotError]) -> None:
    """Class, sentence and details arrive as they were."""
    error = kind("what happened", where="range 3", why="because", fix="do this")
    found = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert kind is type(found)
    assert (error.what, error.details()) == (found.what, found.details())
    assert str(error) == str(found)


def test_a_message_is_one_line_of_what_is_known() -> None:
    """Empty details are left out."""
    assert str(SnapshotError("it failed", where="range 3", fix="again")) == (
        "it failed; where: range 3; fix: again"
    )
    assert str(SnapshotError("it failed")) == "it failed"


def test_the_tree_of_the_docstring_is_the_tree_of_the_classes() -> None:
    """Every class is drawn there."""
    assert not [kind.__name__ for kind in KINDS if kind.__name__ not in (errors.__doc__ or "")]
