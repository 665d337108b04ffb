"""The seeded crash campaign: kill, run the same command again, and compare every cell; many times.

A round copies ``files`` into a database of its own. Each of its attempts but the last is killed: a
worker, the parent or both, at a named event of the product (``plant/sitecustomize.py``) or at a
random instant. Between attempts the number of ranges and workers, the order and the compression may
change. When an attempt ends well, every cell is compared with Cassandra's, every row must have been
read once, and the whole WAL must be sound. A seed and a number determine a round.

    bin/crash --kills 1000 --seed 7          all of it
    bin/crash --seed 7 --round 31            one round again
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cass_snapshot.wal.survey import survey
from tests.crash.plant.sitecustomize import EVENTS, MOMENTS, VICTIMS
from tests.support.command import Command, Running
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED
from tests.support.servers import Place, Servers, new_database, new_keyspace
from tests.support.source_tables import FILES_ROWS, make_files
from tests.support.stack import Stack

KILLED = -9
GONE_WITHIN_S = 2.0
ATTEMPTS_MAX = 12
"""Of a round; the last is not killed."""
EVENT_SHARE = 0.75
HITS = (1, 1, 1, 1, 2, 2, 3, 5, 9, 25)
IN_KEY_ORDER = {"arrange", "window checkpoints", "index of a window", "cut of a window"}
OF_REMOVAL = {"remove", "applied segments"}
OF_A_LATER_ATTEMPT = {"take over", "recut", "rename"}
"""Events that other attempts never meet; a kill that nobody meets proves nothing."""
LATEST_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What is going to be killed, and when: at an event's nth call, or after some seconds."""

    victim: str
    event: str = ""
    moment: str = ""
    hit: int = 0
    after_s: float = 0.0

    def __str__(self) -> str:
        at = f"{self.moment} {self.event} {self.hit}" if self.event else f"{self.after_s:.2f} s"
        return f"{self.victim} at {at}"


@dataclass(slots=True)
class Tally:
    """What came of a campaign."""

    rounds: int = 0
    attempts: int = 0
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def killed(self) -> int:
        """Return how many attempts were killed."""
        return self.kills.total()


def drawn_kill(draw: random.Random, variables: dict[str, str], attempt: int) -> Kill:
    """Return a kill that a seed determines, for an attempt with these settings."""
    victim = draw.choice(VICTIMS)
    if draw.random() < EVENT_SHARE:
        never: set[str] = set().union(
            () if variables["RUN__APPLY_ORDER"] == "key" else IN_KEY_ORDER,
            () if "RUN__WAL_RETENTION" in variables else OF_REMOVAL,
            () if attempt else OF_A_LATER_ATTEMPT,
        )
        return Kill(
            victim=victim,
            event=draw.choice(sorted(EVENTS.keys() - never)),
            moment=draw.choice(MOMENTS),
            hit=draw.choice(HITS),
        )
    return Kill(victim=victim, after_s=draw.uniform(0.2, LATEST_S))


def drawn_settings(draw: random.Random) -> tuple[list[str], dict[str, str]]:
    """Return options and variables of an attempt; none of them is part of the fingerprint."""
    options = ["--range-count", str(draw.choice((1, 3, 8, 8, 8, 20)))]
    variables = {
        "RUN__WORKERS": str(draw.choice((1, 2, 2, 3))),
        "RUN__APPLY_ORDER": draw.choice(("token", "key")),
        "RUN__COMPRESSION": draw.choice(("none", "zstd")),
        "MYSQL__BATCH_ROWS_MAX": str(draw.choice((40, 100, 400))),
    }
    if draw.random() < 0.3:
        variables["RUN__WINDOW_BYTES"] = "64 KiB"
    if draw.random() < 0.3:
        variables["RUN__WAL_RETENTION"] = "applied"
    return options, variables


def play(place: Place, seed: int, number: int, tally: Tally) -> None:
    """Play a round; whatever is not as it should be is an AssertionError with what was done."""
    draw = random.Random(f"{seed}/{number}")
    command = Command(place, PLANTED)
    options, variables = drawn_settings(draw)
    done: list[str] = []
    for attempt in range(ATTEMPTS_MAX):
        last = attempt == ATTEMPTS_MAX - 1
        kill = None if last or draw.random() < 0.1 else drawn_kill(draw, variables, attempt)
        done.append(f"{' '.join(options)} {variables}: {kill or 'not killed'}")
        tally.attempts += 1
        try:
            code = _attempt(command, options, variables, kill, tally)
        except AssertionError as error:
            error.add_note("\n".join([f"seed {seed}, round {number}", *done]))
            raise
        if code == 0 or _is_done(place):
            break  # the next command would begin another run
        if draw.random() < 0.5:
            options, variables = drawn_settings(draw)
    try:
        assert_whole(command)
    except AssertionError as error:
        error.add_note("\n".join([f"seed {seed}, round {number}", *done]))
        raise
    tally.rounds += 1


def _is_done(place: Place) -> bool:
    """Tell whether the ledger has the end of the run, whatever was killed after that."""
    if "snapshot_runs" not in place.tables():
        return False
    return place.sql("SELECT state FROM {db}.snapshot_runs") == [("done",)]


def _attempt(
    command: Command,
    options: list[str],
    variables: dict[str, str],
    kill: Kill | None,
    tally: Tally,
) -> int:
    """Run the command once, killed or not; nothing of it is left. Return 0 or KILLED."""
    marker = command.place.folder / f"killed-{tally.attempts}"
    if kill is not None and kill.event:
        spec = f"{kill.event}:{kill.moment}:{kill.hit}:{kill.victim}:{marker}"
        variables = {**variables, "TEST_CRASH": spec}
    with command.start_run("files", *options, **variables) as running:
        if kill is not None and not kill.event and _kill_after(running, kill):
            marker.touch()
        ended = running.wait()
        running.wait_gone(GONE_WITHIN_S)
    assert ended.code in (0, KILLED), f"{kill}: {ended}"
    assert ended.code == 0 or marker.exists(), f"nobody killed it: {ended}"
    if kill is not None and marker.exists():
        tally.kills[f"{kill.moment} {kill.event}" if kill.event else "instant"] += 1
    return ended.code


def _kill_after(running: Running, kill: Kill) -> bool:
    """Kill at an instant; False if the command had ended by then."""
    time.sleep(kill.after_s)  # not a hope but the instant that the seed chose
    if running.ended:
        return False
    workers = running.workers()
    if kill.victim != "self":
        running.kill()
    if kill.victim != "parent":
        running.kill_workers(workers[:1])
    return kill.victim != "self" or bool(workers)


def assert_whole(command: Command) -> None:
    """Prove that the target holds what Cassandra holds, once, and that the WAL is sound."""
    place = command.place
    assert differences(place, "files") == []
    assert_read_once(place, FILES_ROWS)
    assert place.sql("SELECT state FROM {db}.snapshot_runs") == [("done",)]
    (folder,) = command.folders()
    for one in survey(folder / "wal"):
        assert one.fault is None, str(one.fault)


@contextmanager
def _database(servers: Servers, keyspace: str) -> Iterator[Place]:
    with new_database(servers) as database, tempfile.TemporaryDirectory() as folder:
        yield Place(servers=servers, keyspace=keyspace, database=database, folder=Path(folder))


def report(tally: Tally, seed: int, seconds: float) -> str:
    """Return what came of a campaign, in words."""
    first = (
        f"seed {seed}: {tally.killed:,} kills in {tally.rounds:,} rounds and"
        f" {tally.attempts:,} attempts, {seconds / 60:.0f} min; 0 rows lost, 0 doubled,"
        " 0 processes left over"
    )
    lines = [f"  {count:>5}  {name}" for name, count in tally.kills.most_common()]
    missing = sorted(
        f"{moment} {event}"
        for event in EVENTS
        for moment in MOMENTS
        if f"{moment} {event}" not in tally.kills
    )
    return "\n".join([first, *lines, f"  never met: {', '.join(missing) or 'none'}"])


def run(servers: Servers, keyspace: str, *, kills: int, seed: int) -> Tally:
    """Play rounds until so many attempts were killed."""
    tally = Tally()
    number = 0
    while tally.killed < kills:
        with _database(servers, keyspace) as place:
            play(place, seed, number, tally)
        number += 1
        if number % 10 == 0:
            print(f"crash: {tally.killed} kills in {tally.rounds} rounds", file=sys.stderr)
    return tally


def main() -> None:
    """Play a campaign, or one round of it, on servers of its own."""
    parser = argparse.ArgumentParser(
        prog="bin/crash", description="Kill the copy, continue it, compare every cell."
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--round", type=int, help="this one alone")
    given = parser.parse_args()
    print(f"crash: seed {given.seed}", file=sys.stderr)
    stack = Stack("crash")
    stack.up()
    servers = Servers(stack.endpoints())
    began = time.monotonic()
    try:
        with new_keyspace(servers) as keyspace:
            make_files(servers, keyspace)
            if given.round is None:
                tally = run(servers, keyspace, kills=given.kills, seed=given.seed)
            else:
                tally = Tally()
                with _database(servers, keyspace) as place:
                    play(place, given.seed, given.round, tally)
        print(report(tally, given.seed, time.monotonic() - began))
    finally:
        servers.close()
        stack.down()


if __name__ == "__main__":
    main()
