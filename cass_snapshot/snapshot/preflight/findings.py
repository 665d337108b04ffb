"""What is found before a run: asked of both servers, told in short, and what it stops."""

from __future__ import annotations

from collections.abc import Sequence

from cass_snapshot.errors import PreflightError, SnapshotError
from cass_snapshot.model import Table
from cass_snapshot.planned import Finding, Level
from cass_snapshot.protocols import SourceAdmin, TargetAdmin


def found_by(tables: Sequence[Table], source: SourceAdmin, target: TargetAdmin) -> list[Finding]:
    """Return what both servers are found to be, for reading and writing some tables."""
    return [*source.findings(tables), *target.findings()]


def refuse_failures(findings: Sequence[Finding]) -> None:
    """Refuse to start where something was found that would stop a run.

    Raises:
        PreflightError: naming the first failure; doctor names them all.
    """
    failed = [finding for finding in findings if finding.level is Level.FAIL]
    if failed:
        more = f"{len(failed) - 1} more: cass-snapshot doctor" if failed[1:] else ""
        raise PreflightError(
            failed[0].text, where="nothing was written", why=more, fix=failed[0].fix
        )


def in_short(findings: Sequence[Finding]) -> str:
    """Return findings in a few words: ``14 ok, 1 warning: rows are not estimated``."""
    warned = [finding.text for finding in findings if finding.level is Level.WARN]
    count = sum(finding.level is Level.OK for finding in findings)
    if not warned:
        return f"{count} ok"
    return f"{count} ok, {len(warned)} warning{'s' if warned[1:] else ''}: {warned[0]}"


def failure(error: SnapshotError) -> Finding:
    """Return an error as a finding that stops a run."""
    where = error.where.removesuffix("; nothing was written")
    text = "; ".join(filter(None, (error.what, where, error.why)))
    return Finding(level=Level.FAIL, text=text, fix=error.fix or "see above, and try again")
