"""What ``find-missing`` reports when a worker dies in the middle of a range."""

from __future__ import annotations

import pytest

from cass_snapshot.errors import PreflightError
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.messages import Ended, MissingFound
from cass_snapshot.snapshot.missing import _job, _Search
from cass_snapshot.snapshot.reports import MissingKey
from cass_snapshot.snapshot.supervisor import WorkerDeath
from tests.support.admins import MemoryAdmin, MemorySource
from tests.support.plans import plan, source_table


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


def test_a_target_that_is_missing_is_told_with_the_command_that_makes_it() -> None:
    """With the operator's own addresses, so that it can be copied as it stands."""
    source = MemorySource({"orders": source_table("orders")})
    typed = "cass-snapshot run shop.orders -c x.toml"
    with pytest.raises(PreflightError, match="does not exist") as caught:
        _job(source, MemoryAdmin(), TableSettings(source="shop.orders"), "readable", typed)
    assert caught.value.fix == typed
