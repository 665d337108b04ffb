"""What ``find-missing`` reports when a worker dies in the middle of a range."""

from __future__ import annotations

from cass_snapshot.snapshot.messages import Ended, MissingFound
from cass_snapshot.snapshot.missing import _Search
from cass_snapshot.snapshot.reports import MissingKey
from cass_snapshot.snapshot.supervisor import WorkerDeath
from tests.support.doubles import plan


def found(task: int, *numbers: int) -> MissingFound:
    """Return a message about keys of one int, whose tokens are their numbers."""
    keys = tuple((n, (n.to_bytes(4, "big"),)) for n in numbers)
    return MissingFound(task=task, keys=keys)


def test_a_range_that_is_searched_again_reports_each_key_once() -> None:
    """Two deaths: what was said before is not said again, and what is new is said."""
    made = plan("orders")
    said: list[MissingKey] = []
    search = _Search((made.tables[0].job,), made.tables[0].ranges, said.append)
    death = WorkerDeath(worker="worker-1", exit_code=-9, tasks=(search.tasks[1],))
    search.hear(found(1, 10, 11, 12))
    search.hear(death)
    search.hear(found(1, 10, 11))
    search.hear(death)
    search.hear(found(1, 10, 11))
    search.hear(found(1, 12, 13))
    search.hear(found(2, 20))
    search.hear(Ended(task=1, result=(50, 4)))
    assert [key.token for key in said] == [10, 11, 12, 13, 20]
    assert search.found[0].missing == 4
