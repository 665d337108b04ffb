"""What a server, its settings and a login's grants mean for a run, as findings with a fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import mysql.connector

from cass_snapshot.mysql import control, statements
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.connection import ServerFacts
from cass_snapshot.mysql.grants import Held, read_grants
from cass_snapshot.mysql.planning.tablefacts import Ask
from cass_snapshot.planned import Finding, Level
from cass_snapshot.settings import MysqlSettings

PACKET_SMALL = 16 * 2**20
"""Below it a row with a few large values may not pass."""
_CONTROL_NEEDS = ("SELECT", "INSERT", "UPDATE", "CREATE")
_TARGET_NEEDS = ("SELECT", "INSERT", "UPDATE")


def server_findings(
    ask: Ask, settings: MysqlSettings, facts: ServerFacts, heading: str
) -> list[Finding]:
    """Return the findings on one server.

    Args:
        ask: executes a statement and returns its rows.
        settings: where we are connected.
        facts: what the server said of itself.
        heading: server and version in a few words.
    """
    found = [
        _finding(Level.OK, heading),
        _finding(Level.OK, "session: strict sql_mode, UTC, utf8mb4, READ COMMITTED; read back"),
        *_extension(),
        *_settings(facts),
        *_modes(ask, facts),
        *_grants(ask, settings),
        *_control_tables(ask, settings),
    ]
    return sorted(found, key=lambda f: list(Level).index(f.level))


def _finding(level: Level, text: str, fix: str = "") -> Finding:
    return Finding(level=level, text=text, fix=fix)


def _extension() -> Iterator[Finding]:
    if not mysql.connector.HAVE_CEXT:
        yield _finding(
            Level.WARN,
            "the connector's C extension is not loaded: writing is slower",
            'pip install --force-reinstall "mysql-connector-python"',
        )


def _settings(facts: ServerFacts) -> Iterator[Finding]:
    packet = f"max_allowed_packet {facts.max_allowed_packet / 2**20:.0f} MiB"
    if facts.max_allowed_packet < PACKET_SMALL:
        fix = "SET GLOBAL max_allowed_packet = 67108864 at the server"
        yield _finding(Level.WARN, f"{packet}: a larger row is refused", fix)
    else:
        yield _finding(Level.OK, f"{packet}: a larger row is refused, even into LONGBLOB")
    if facts.local_infile:
        yield _finding(Level.OK, "local_infile is ON: rows are loaded the fast way")
    else:
        text = "local_infile is OFF: rows are inserted, which is slower"
        yield _finding(Level.WARN, text, "SET GLOBAL local_infile = ON at the server")
    if facts.durable:
        yield _finding(Level.OK, "a commit is on disk when it is answered")
    else:
        yield _finding(
            Level.WARN,
            "commits can be lost with the machine: innodb_flush_log_at_trx_commit or sync_binlog"
            " is not 1",
            "SET GLOBAL innodb_flush_log_at_trx_commit = 1, sync_binlog = 1",
        )


def _modes(ask: Ask, facts: ServerFacts) -> Iterator[Finding]:
    sql = statements.MODE_FACTS[facts.flavour is Flavour.MARIADB]
    for name, value in ask(sql):
        if str(value).upper() not in ("1", "ON"):
            continue
        if name == "sql_require_primary_key":
            yield _finding(Level.OK, "sql_require_primary_key is ON: every table here has one")
        else:
            yield _finding(
                Level.FAIL, f"{name} is ON: nothing can be written", "name the primary as host"
            )


def _grants(ask: Ask, settings: MysqlSettings) -> Iterator[Finding]:
    grants = read_grants(ask)
    login = grants.login
    needs = [(settings.database, _target_needs(settings)), (settings.control, _CONTROL_NEEDS)]
    merged: dict[str, list[str]] = {}
    for database, privileges in needs:
        names = merged.setdefault(database, [])
        names += [p for p in privileges if p not in names]
    for database, privileges in merged.items():
        missing = [p for p in privileges if grants.on(database, p) is not Held.YES]
        if missing:
            # A table that is there needs no CREATE.
            denied = any(p != "CREATE" and grants.on(database, p) is Held.NO for p in missing)
            listed = ", ".join(missing)
            fix = f"GRANT {listed} ON {statements.quote(database)}.* TO {login}"
            level = Level.FAIL if denied else Level.WARN
            yield _finding(level, f"{login} may not have {listed} on {database}", fix)
        else:
            yield _finding(Level.OK, f"{', '.join(privileges)} on {database}")
    if grants.on(settings.database, "DELETE") is not Held.YES:
        yield _finding(
            Level.WARN,
            f"no DELETE on {settings.database}: rows are inserted, not loaded the fast way",
            f"GRANT DELETE ON {statements.quote(settings.database)}.* TO {login}",
        )


def _target_needs(settings: MysqlSettings) -> Sequence[str]:
    return _TARGET_NEEDS if settings.create_tables == "never" else (*_TARGET_NEEDS, "CREATE")


def _control_tables(ask: Ask, settings: MysqlSettings) -> Iterator[Finding]:
    """Yield the control tables of an earlier version, which the next run has to alter."""
    grants = read_grants(ask)
    held = grants.on(settings.control, "ALTER")
    for table in control.ADDED:
        there = {str(name) for name, *_ in ask(statements.COLUMN_FACTS, settings.control, table)}
        alter = control.add_columns(settings.control, table, there) if there else ""
        if not alter:
            continue
        text = f"{settings.control}.{table} is of an earlier version: the next run adds columns"
        if held is Held.YES:
            yield _finding(Level.OK, text)
            continue
        grant = f"GRANT ALTER ON {statements.quote(settings.control)}.* TO {grants.login}"
        level = Level.FAIL if held is Held.NO else Level.WARN
        sure = "has no" if held is Held.NO else "may have no"
        yield _finding(level, f"{text}, and {grants.login} {sure} ALTER", f"{grant}; or {alter}")
