"""What a race came to: medians of the turns, ratios, the limit; as a table and as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

PRODUCT = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One peer's turn. ``equal`` tells whether every cell is right, None for who copies nothing."""

    peer: str
    title: str
    rows: int
    seconds: float
    client_cpu_s: float
    cassandra_cpu_s: float
    mysql_cpu_s: float
    memory_mib: float
    equal: bool | None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One peer's medians; ratios are None where there is nothing to compare with."""

    peer: str
    title: str
    rows_per_s: float
    mb_per_s: float
    client_cpu_s: float
    client_us_per_row: float
    cassandra_cpu_s: float
    mysql_cpu_s: float
    memory_mib: float
    to_product: float | None
    to_limit: float | None
    cells: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole race. ``limits`` are rows a second that no client can pass, by order."""

    lines: Sequence[Line]
    limits: Mapping[str, float]
    failed: Mapping[str, str]
    missing: Mapping[str, str]
    facts: Mapping[str, Any]
    turns: Sequence[Turn]

    @property
    def is_good(self) -> bool:
        """Tell whether every peer that was there copied every cell."""
        return not self.failed and all(line.cells != "DIFFER" for line in self.lines)


def limit(scan: Sequence[Turn], load: Sequence[Turn], cores: int) -> float | None:
    """Return rows a second if the servers' CPU were all that counts, None if it was not measured.

    Scanning costs Cassandra what it costs and loading costs MySQL what it costs, whoever asks for
    it; a client that used no CPU at all would keep every core busy with that alone.
    """
    if not scan or not load:
        return None
    cpu = median(turn.cassandra_cpu_s for turn in scan) + median(turn.mysql_cpu_s for turn in load)
    return scan[0].rows * cores / cpu if cpu else None


def make(
    turns: Sequence[Turn],
    *,
    row_bytes: int,
    cores: int,
    missing: Mapping[str, str],
    facts: Mapping[str, Any],
) -> Report:
    """Return the report of some turns; a peer that failed once has no line."""
    failed = {turn.peer: turn.fault for turn in turns if turn.fault}
    by_peer: dict[str, list[Turn]] = {}
    for turn in turns:
        if turn.peer not in failed:
            by_peer.setdefault(turn.peer, []).append(turn)
    limits = {
        order: found
        for order in ("key", "token")
        if (found := limit(by_peer.get("scan", []), by_peer.get(f"load-{order}", []), cores))
    }
    rates = {peer: median(t.rows / t.seconds for t in mine) for peer, mine in by_peer.items()}
    lines = [
        _line(mine, rates[peer], row_bytes, rates.get(PRODUCT), limits.get("key"))
        for peer, mine in by_peer.items()
    ]
    return Report(
        lines=lines, limits=limits, failed=failed, missing=missing, facts=facts, turns=turns
    )


def _line(
    mine: Sequence[Turn],
    rows_per_s: float,
    row_bytes: int,
    product: float | None,
    limit_key: float | None,
) -> Line:
    first = mine[0]
    client = median(turn.client_cpu_s for turn in mine)
    equal = {turn.equal for turn in mine}
    return Line(
        peer=first.peer,
        title=first.title,
        rows_per_s=rows_per_s,
        mb_per_s=rows_per_s * row_bytes / 1e6,
        client_cpu_s=client,
        client_us_per_row=client / first.rows * 1e6,
        cassandra_cpu_s=median(turn.cassandra_cpu_s for turn in mine),
        mysql_cpu_s=median(turn.mysql_cpu_s for turn in mine),
        memory_mib=max(turn.memory_mib for turn in mine),
        to_product=rows_per_s / product if product else None,
        to_limit=rows_per_s / limit_key if limit_key else None,
        cells="-" if equal == {None} else "equal" if equal == {True} else "DIFFER",
    )


def as_json(report: Report) -> str:
    """Return everything that was measured."""
    return json.dumps({**asdict(report), "good": report.is_good}, indent=2)


def as_text(report: Report) -> str:
    """Return the table that a person reads."""
    head = (
        f"{'peer':31}{'rows/s':>9}{'MB/s':>7}{'to product':>11}{'to limit':>9}"
        f"{'client':>8}{'Cassandra':>10}{'MySQL':>7}{'µs/row':>8}{'MiB':>7}  cells"
    )
    facts = ", ".join(f"{name} {value}" for name, value in report.facts.items())
    text = [facts, "CPU in seconds; µs/row: of the client; MiB: its largest process", "", head]
    text += [_text(line) for line in report.lines]
    text += [
        f"the limit in {order} order: {rows_per_s:,.0f} rows/s"
        for order, rows_per_s in report.limits.items()
    ]
    text += [f"{peer} failed: {why}" for peer, why in report.failed.items()]
    text += [f"{peer} is missing: {why}" for peer, why in report.missing.items()]
    return "\n".join(text)


def _text(line: Line) -> str:
    return (
        f"{line.title:31}{line.rows_per_s:>9,.0f}{line.mb_per_s:>7.1f}"
        f"{_ratio(line.to_product):>11}{_ratio(line.to_limit):>9}"
        f"{line.client_cpu_s:>8.1f}{line.cassandra_cpu_s:>10.1f}{line.mysql_cpu_s:>7.1f}"
        f"{line.client_us_per_row:>8.1f}{line.memory_mib:>7.0f}  {line.cells}"
    )


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
