"""A target that is to be created: types by profile or operator, a key that InnoDB takes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from cass_snapshot.model import Table
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.assembly import Place
from cass_snapshot.mysql.planning.profiles import (
    key_type,
    regular_type,
    varies_in_key,
    with_characters,
)
from cass_snapshot.mysql.planning.sqltypes import Family, SqlType, parse
from cass_snapshot.mysql.planning.wanted import DIGEST_KEY, Wanted, fail, warn
from cass_snapshot.mysql.planning.widths import (
    COLUMNS_MAX,
    KEY_BYTES_MAX,
    KEY_PARTS_MAX,
    PAGE_BYTES_FIXED,
    PAGE_BYTES_MAX,
    ROW_BYTES_MAX,
    key_bytes,
    page_bytes,
    page_bytes_worst,
    row_bytes,
)
from cass_snapshot.planned import Finding, Reading, TableMapping

SHARE_MIN = 4
"""One character of utf8mb4."""
_MADE = {
    Reading.WRITETIME: "BIGINT",
    Reading.TTL: "INT",
    Reading.DIGEST: "BINARY(32)",
    Reading.TOKEN: "BIGINT",
}
_NOT_IN = {
    Flavour.MYSQL: frozenset({"UUID", "INET4", "INET6"}),
    Flavour.MARIADB: frozenset({"VECTOR"}),
}


def places(
    wanted: Sequence[Wanted], mapping: TableMapping, flavour: Flavour
) -> tuple[list[Place], list[Finding]]:
    """Return where each column goes, and what the table's limits do not allow."""
    natural = [w for w in wanted if w.in_source_key] if not mapping.digest_key else []
    asked = {id(w): asked_type(w, flavour) for w in wanted}
    share, trouble = _share(natural, asked, mapping.profile, flavour)
    found = []
    for w in wanted:
        in_key = w in natural or w.reading is Reading.DIGEST
        sql = asked[id(w)]
        problem = sql if isinstance(sql, Finding) else None
        if sql is None:
            sql = _profile_type(w, mapping.profile, flavour, share if w in natural else 0)
        if sql is None:
            problem = fail(
                f"{w.column.name} has the custom type {w.cql.label}, which no SQL type is",
                f'{w.setting} type = "LONGBLOB" copies its bytes, skip = true leaves it out',
            )
        found.append(
            Place(
                wanted=w,
                sql=sql if isinstance(sql, SqlType) else None,
                in_key=in_key,
                nullable=not in_key and (w.said.null is None or w.reading is not Reading.VALUE),
                remedy=_remedy(w, in_key=in_key),
                text=w.said.type or "",
                problem=problem,
            )
        )
    return found, [*trouble, *_table_findings(found), *_page_findings(found, flavour)]


def _remedy(w: Wanted, *, in_key: bool) -> Callable[[str], str]:
    if in_key:
        return lambda _: DIGEST_KEY
    return partial('{} type = "{}"'.format, w.setting)


def asked_type(w: Wanted, flavour: Flavour) -> SqlType | Finding | None:
    """Return the type that the operator gave, or why it is none."""
    if w.reading is not Reading.VALUE or w.said.type is None:
        return None
    key = f"{w.setting} type"
    try:
        sql = parse(w.said.type)
    except ValueError as error:
        return fail(f"{key}: {error}", f'{key} = "LONGBLOB", for example')
    if sql.base in _NOT_IN[flavour]:
        return fail(f"{key}: this server has no type {sql.base}", f"another {key}")
    return with_characters(sql, w.cql, flavour)


def _profile_type(w: Wanted, profile: str, flavour: Flavour, share: int) -> SqlType | None:
    if w.reading is not Reading.VALUE:
        return parse(_MADE[w.reading])
    if share:
        return key_type(w.cql, profile, flavour, share)
    return regular_type(w.cql, profile, flavour)


def _share(
    natural: Sequence[Wanted],
    asked: dict[int, SqlType | Finding | None],
    profile: str,
    flavour: Flavour,
) -> tuple[int, list[Finding]]:
    """Return how many bytes each key column of variable length may have."""
    fixed, variable = 0, 0
    for w in natural:
        sql = asked[id(w)]
        if sql is None and varies_in_key(w.cql, profile):
            variable += 1
            continue
        if sql is None:
            sql = key_type(w.cql, profile, flavour, SHARE_MIN)
        fixed += key_bytes(sql) if isinstance(sql, SqlType) else 0
    share = (KEY_BYTES_MAX - fixed) // variable if variable else KEY_BYTES_MAX
    if len(natural) <= KEY_PARTS_MAX and fixed <= KEY_BYTES_MAX and share >= SHARE_MIN:
        return share, []
    text = (
        f"the primary key does not fit an InnoDB key: {len(natural)} parts of which {fixed} bytes"
        f" are fixed; InnoDB takes {KEY_PARTS_MAX} parts and {KEY_BYTES_MAX:,} bytes"
    )
    return max(share, SHARE_MIN), [fail(text, DIGEST_KEY)]


def _table_findings(found: Sequence[Place]) -> Iterator[Finding]:
    if len(found) > COLUMNS_MAX:
        yield fail(
            f"{len(found)} columns, and InnoDB takes {COLUMNS_MAX:,}",
            "[tables.columns.NAME] skip = true for some",
        )
    sizes = [(row_bytes(p.sql), p) for p in found if p.sql is not None]
    total = sum(size for size, _ in sizes)
    if total > ROW_BYTES_MAX:
        widest = max((p for _, p in sizes), key=lambda p: row_bytes(p.sql) if p.sql else 0)
        large = "LONGBLOB" if widest.sql and widest.sql.family is Family.BYTES else "LONGTEXT"
        yield fail(
            f"the columns declare {total:,} bytes a row, and MySQL takes {ROW_BYTES_MAX:,}",
            f'{widest.wanted.setting} type = "{large}", which lies outside the row',
        )


def _page_findings(found: Sequence[Place], flavour: Flavour) -> Iterator[Finding]:
    """Yield that a row does not fit half a page, where InnoDB keeps a part of every column."""
    nulls = (sum(p.nullable for p in found) + 7) // 8
    typed = [(p.sql, p.in_key) for p in found if p.sql is not None]
    least = PAGE_BYTES_FIXED + nulls + sum(page_bytes(s, flavour) for s, _ in typed)
    worst = (
        PAGE_BYTES_FIXED
        + nulls
        + sum(page_bytes_worst(s, flavour, in_key=in_key) for s, in_key in typed)
    )
    fix = "[tables.columns.NAME] skip = true for some, or several runs, each into its own target"
    if least > PAGE_BYTES_MAX:
        yield fail(
            f"{len(found)} columns keep {least:,} bytes of a row in its page, and InnoDB takes"
            f" {PAGE_BYTES_MAX:,}: the table cannot be created",
            fix,
        )
    elif worst > PAGE_BYTES_MAX:
        yield warn(
            f"{len(found)} columns may keep {worst:,} bytes of a row in its page, and InnoDB takes"
            f" {PAGE_BYTES_MAX:,}: rows with many values of up to 40 bytes are refused",
            fix,
        )


def key_of(table: Table, found: Sequence[Place]) -> tuple[str, ...]:
    """Return the names of the created primary key, in the order of the source's."""
    digest = [p.wanted.name for p in found if p.wanted.reading is Reading.DIGEST]
    by_source = {p.wanted.column.name: p.wanted.name for p in found if p.wanted.in_source_key}
    return tuple(digest) or tuple(by_source[c.name] for c in table.primary_key)


def match_findings(mapping: TableMapping, key: Sequence[str]) -> Iterator[Finding]:
    """Yield that a created table has no other key than its primary key."""
    wanted = {name.casefold() for name in mapping.match}
    if wanted and wanted != {name.casefold() for name in key}:
        yield fail(
            f"match = {list(mapping.match)}, but the table is to be created with the primary key"
            f" ({', '.join(key)})",
            "create the table by hand with that key, or remove match",
        )
