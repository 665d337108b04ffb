"""At the end of a copy: are the source's tables still those that the plan was made for (I9)?"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from cass_snapshot.errors import SnapshotError
from cass_snapshot.protocols import SourceAdmin
from cass_snapshot.retry import Patience
from cass_snapshot.snapshot.messages import Waiting
from cass_snapshot.snapshot.plan import RunPlan


def refuse_changed(
    plan: RunPlan,
    source: SourceAdmin,
    *,
    unavailable_s: float,
    hear: Callable[[Waiting], None],
    stopped: Callable[[], bool],
) -> None:
    """Look at every table of a run once more.

    Args:
        plan: the run.
        source: where the tables are.
        unavailable_s: how long a source that is away is waited for.
        hear: takes each wait.
        stopped: tells whether somebody wants this process to end; asked after each wait is told.

    Raises:
        StateError: a table has other columns by now.
        SourceUnavailable: the source stayed away.
    """
    stop = Event()

    def tell(error: SnapshotError, pause_s: float | None = None) -> None:
        hear(Waiting(error=error, pause_s=pause_s))
        if stopped():
            stop.set()

    patience = Patience(unavailable_s=unavailable_s, tell=tell, over=tell, stop=stop)
    for planned in plan.tables:
        patience.call(lambda table=planned.job.table: source.refuse_changed(table))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
