"""Planned columns out of places in the target: the part that both ways of planning share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from cass_snapshot.forms import Form, Limits
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.fit import Fit, fit
from cass_snapshot.mysql.planning.nulls import constant_for
from cass_snapshot.mysql.planning.profiles import with_characters
from cass_snapshot.mysql.planning.sqltypes import Family, SqlType, parse
from cass_snapshot.mysql.planning.wanted import DIGEST_KEY, Wanted, fail, warn
from cass_snapshot.planned import (
    Constant,
    Finding,
    Level,
    PlannedColumn,
    Reading,
    Verdict,
)

DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the target has for a wanted column.

    ``sql`` is None where it has nothing; ``text`` is then what was found or asked instead, and
    ``problem`` says why. ``remedy`` makes of a type the sentence that asks for it; ``there`` tells
    that the column may hold values, which another type would convert.
    """

    wanted: Wanted
    sql: SqlType | None
    in_key: bool
    nullable: bool
    remedy: Callable[[str], str]
    text: str = ""
    problem: Finding | None = None
    there: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """The planned columns, their definitions, and what was found."""

    columns: tuple[PlannedColumn, ...]
    definitions: tuple[str, ...]
    findings: tuple[Finding, ...]


def assemble(places: Sequence[Place], flavour: Flavour) -> Assembled:
    """Return the plan of every place."""
    columns: list[PlannedColumn] = []
    findings: list[Finding] = []
    for place in places:
        found = _fit(place, flavour)
        column, trouble = _column(place, found, flavour)
        columns.append(column)
        findings += (
            [place.problem]
            if place.problem is not None
            else _findings(place, column, found, _fix(place, found, flavour))
        )
        findings += trouble
    definitions = tuple(str(p.sql) if p.sql is not None else p.text for p in places)
    return Assembled(columns=tuple(columns), definitions=definitions, findings=tuple(findings))


def _fit(place: Place, flavour: Flavour) -> Fit:
    sql = place.sql
    if sql is None:
        note = "nothing to write into" if place.problem is not None else ""
        limits = Limits(type=place.text)
        return Fit(form=Form.HEX, limits=limits, verdict=Verdict.IMPOSSIBLE, note=note)
    found = fit(place.wanted.cql, sql, in_key=place.in_key, flavour=flavour)
    reading = place.wanted.reading
    if reading is Reading.DIGEST:
        least, most = found.limits.bytes_min or 0, found.limits.bytes_max or 0
        whole = sql.base in ("BINARY", "VARBINARY")
        fits = whole and least <= DIGEST_BYTES <= most
        verdict = Verdict.EXACT if fits else Verdict.IMPOSSIBLE
        return replace(
            found, verdict=verdict, note="SHA-256 of the primary key", offer="BINARY(32)"
        )
    if not reading.read or reading is not Reading.VALUE:
        # As text they would be compared as such, 9 after 10.
        whole = sql.family is Family.INTEGER and found.limits.integer_max is None
        verdict = Verdict.EXACT if whole else Verdict.IMPOSSIBLE
        return replace(found, verdict=verdict, note=_MADE[reading], offer="BIGINT")
    return found


_MADE = {
    Reading.DIGEST: "SHA-256 of the primary key",
    Reading.WRITETIME: "microseconds since 1970",
    Reading.TTL: "seconds",
    Reading.TOKEN: "token of the partition key",
}


def _column(place: Place, found: Fit, flavour: Flavour) -> tuple[PlannedColumn, list[Finding]]:
    wanted = place.wanted
    null: Constant | None = None
    trouble: list[Finding] = []
    if wanted.reading is Reading.VALUE and wanted.said.null is not None and place.sql is not None:
        try:
            null = constant_for(found.form, found.limits, wanted.said.null, wanted.cql.name)
        except ValueError as error:
            null = wanted.said.null
            trouble.append(
                fail(
                    f"{wanted.setting} null {error}",
                    f"give a constant that {found.limits.type} holds",
                )
            )
    column = PlannedColumn(
        column=wanted.column,
        form=found.form,
        limits=replace(
            found.limits,
            nullable=place.nullable or null is not None,
            fix=_fix_of_rejection(place, found, flavour),
        ),
        reading=wanted.reading,
        target=wanted.name,
        null=null,
        verdict=found.verdict,
        note=found.note,
    )
    return column, trouble


def _fix_of_rejection(place: Place, found: Fit, flavour: Flavour) -> str:
    """Return what lets a column take what it refused: by then its table has been created."""
    fix = _fix(place, found, flavour)
    return (
        f"{fix}; if the table is there: DROP TABLE, then --new" if fix and not place.there else fix
    )


def _fix(place: Place, found: Fit, flavour: Flavour) -> str:
    key = place.in_key and place.wanted.in_source_key
    apart = f"a target of its own, with {DIGEST_KEY}" if place.there else DIGEST_KEY
    if place.there and found.verdict is Verdict.IMPOSSIBLE and (fix := _recoded(place, flavour)):
        return fix
    if not found.offer:
        return apart if key else ""
    if place.there and not _written_alike(place, found, flavour):
        name = place.wanted.name
        other = f"a target of its own in which {name} is {found.offer} (MODIFY would change values)"
        if found.verdict is Verdict.IMPOSSIBLE:
            other = f'{place.wanted.setting} name = "another column", or {other}'
        return apart if key else other
    return place.remedy(found.offer)


def _recoded(place: Place, flavour: Flavour) -> str:
    """Return the change of character set or collation that lets a text column do."""
    if place.sql is None or place.sql.family is not Family.TEXT:
        return ""
    cql = place.wanted.cql
    sql = with_characters(replace(place.sql, charset="", collation=""), cql, flavour)
    kind = fit(cql, sql, in_key=place.in_key, flavour=flavour)
    return place.remedy(str(sql)) if kind.verdict is not Verdict.IMPOSSIBLE else ""


def _written_alike(place: Place, found: Fit, flavour: Flavour) -> bool:
    """Tell whether the offered type takes values in the form in which they are there already."""
    cql = place.wanted.cql
    try:
        offered = with_characters(parse(found.offer), cql, flavour)
    except ValueError:  # a sentence rather than a type
        return True
    kind = fit(cql, offered, in_key=place.in_key, flavour=flavour)
    return kind.form is found.form


def _findings(place: Place, column: PlannedColumn, found: Fit, better: str) -> Iterator[Finding]:
    wanted, name = place.wanted, column.name
    pair = f"{wanted.column.name} {wanted.column.type} -> {name} {place.sql.short}"  # type: ignore[union-attr]  # without a type there is a problem instead
    fix = better or "another target column"
    if found.verdict is Verdict.IMPOSSIBLE:
        yield fail(f"{pair}: {found.note}", fix)
        return
    if found.verdict is Verdict.LOSSY:
        if wanted.said.lossy:
            yield warn(f"{pair}: {found.note}, as asked", fix)
        else:
            yield fail(f"{pair}: {found.note}", f"{fix}; or {wanted.setting} lossy = true")
    if place.in_key and wanted.in_source_key:
        yield from _key_findings(place, found, fix)
    elif not column.limits.nullable and wanted.reading.read:
        what, remedy = "", f"{wanted.setting} null = a constant, or let {name} be NULL"
        if wanted.reading is not Reading.VALUE:  # which no constant can replace
            what = f"{wanted.reading.value} of "
            remedy = f"let {name} be NULL: ALTER TABLE ... MODIFY {name} {place.sql} NULL"
        yield warn(f"{name} is NOT NULL: a NULL {what}{wanted.column.name} is refused", remedy)


def _key_findings(place: Place, found: Fit, fix: str) -> Iterator[Finding]:
    """Yield what a natural key refuses that Cassandra takes."""
    wanted = place.wanted
    if found.verdict is not Verdict.CHECKED:
        return
    text = f"key {wanted.column.name} {wanted.column.type}: {found.note}"
    if wanted.cql.name in ("varint", "decimal", "float", "double"):
        yield warn(text, fix)
    elif found.limits.chars_max is not None or found.limits.bytes_max is not None:
        more = "" if place.there else f"; {DIGEST_KEY} takes any"
        yield Finding(level=Level.OK, text=f"{text}{more}")
