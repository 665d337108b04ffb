"""The operator's condition: proven before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from cassandra import InvalidRequest, OperationTimedOut
from cassandra.protocol import SyntaxException

from cass_snapshot.errors import PreflightError, Transient
from cass_snapshot.model import ColumnKind
from cass_snapshot.planned import Reading
from cass_snapshot.reader.conditions import prove, refuse_foreign, select_proven
from cass_snapshot.reader.statements import Selected
from tests.support.typed_cells import clustering, column, key, table

TABLE = table(
    key("k", "int"),
    clustering("a", "int"),
    clustering("b", "int"),
    column("s", "int", ColumnKind.STATIC),
    column("v", "text"),
)


@dataclass(slots=True)
class Prepared:
    """What the driver returns; it has a place for each parameter."""

    column_metadata: list[str]


@dataclass(slots=True)
class Server:
    """Prepares what ``refuses`` lets through."""

    refuses: Callable[[str], Exception | None] = lambda _: None
    prepared: list[str] = field(default_factory=list)

    def prepare(self, cql: str) -> Prepared:
        """Return a prepared statement."""
        error = self.refuses(cql)
        if error is not None:
            raise error
        self.prepared.append(cql)
        return Prepared(["?"] * cql.count("?"))


@pytest.mark.parametrize(
    ("where", "why"),
    [
        (" ", "blank"),
        ("\n\t", "blank"),
        (";", "semicolon"),
        ("v = 'x';", "semicolon"),
        ("v = 'x' ALLOW FILTERING", "ALLOW FILTERING"),
        ("v = 'x' allow\nfiltering", "ALLOW FILTERING"),
        ("v = 'x' LIMIT 3", "LIMIT"),
        ("v = 'x' PER PARTITION LIMIT 3", "PER"),
        ("v = 'x' order by a", "ORDER"),
        ("v = 'x' GROUP BY a", "GROUP"),
        ("v = 'x' -- all", "comment"),
        ("v = 'x' /* all */", "comment"),
    ],
)
def test_what_is_more_than_a_condition_is_refused(where: str, why: str) -> None:
    """A LIMIT, say, would lose rows without a word."""
    with pytest.raises(PreflightError) as refused:
        refuse_foreign(replace(TABLE, where=where))
    assert why in refused.value.why
    assert refused.value.where == f"[[tables]] where = {where!r}; nothing was written"
    assert refused.value.fix


@pytest.mark.parametrize(
    "where",
    ["", "v = 'ALLOW; LIMIT -- 3'", '"limit" = 3', "v = 'it''s;'", "v = $$a;b$$", "m = {'a': 1}"],
)
def test_literals_and_quoted_names_may_hold_anything(where: str) -> None:
    """They are values and names, and no clauses."""
    refuse_foreign(replace(TABLE, where=where))


def test_every_statement_that_reads_rows_is_prepared() -> None:
    """The range, a partition, and the rest of one at every depth."""
    server = Server()
    narrowed = replace(TABLE, where="v = 'x'", allow_filtering=True)
    prove(server, narrowed, select_proven(narrowed))
    assert len(server.prepared) == 4
    assert all(cql.endswith("AND v = 'x' ALLOW FILTERING") for cql in server.prepared)
    assert ['"a" = ? AND "b" > ?' in cql for cql in server.prepared] == [False, False, False, True]


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("Cannot execute this query ..., use ALLOW FILTERING", "allow_filtering = true"),
        ("More than one restriction was found for the start bound on a", "primary key"),
        ('Column "a" cannot be restricted by both an equality and an inequality', "primary key"),
        ("k cannot be restricted by more than one relation if it includes an Equal", "primary key"),
        ("Undefined column name w", "correct it"),
    ],
)
def test_cassandras_words_come_with_what_to_do(said: str, fix: str) -> None:
    """They name the column; the fix names the setting."""
    answer = InvalidRequest(f'Error from server: code=2200 [Invalid query] message="{said}"')
    with pytest.raises(PreflightError) as refused:
        prove(Server(lambda _: answer), replace(TABLE, where="w = 1"), select_proven(TABLE))
    assert said == refused.value.why
    assert fix in refused.value.fix


def test_a_syntax_error_is_told_as_it_is() -> None:
    """Its text has no message part that could be cut out."""
    answer = SyntaxException(0x2000, "line 1:7 no viable alternative", None)
    with pytest.raises(PreflightError, match="condition on") as refused:
        prove(Server(lambda _: answer), replace(TABLE, where="1 = 1"), select_proven(TABLE))
    assert "line 1:7" in refused.value.why


def test_a_parameter_is_refused() -> None:
    """Nobody would bind it."""
    with pytest.raises(PreflightError) as refused:
        prove(Server(), replace(TABLE, where="a = ?"), select_proven(TABLE))
    assert "parameter" in refused.value.why


def test_a_server_that_does_not_answer_is_no_refusal() -> None:
    """The condition may be fine."""
    with pytest.raises(Transient):
        prove(
            Server(lambda _: OperationTimedOut()),
            replace(TABLE, where="a = 1"),
            select_proven(TABLE),
        )


def test_a_write_time_that_cassandra_does_not_tell_is_refused_by_column() -> None:
    """Before 5.0 that of a collection is none; the condition is not to blame."""
    answer = InvalidRequest("message=\"Unknown function 'maxwritetime'\"")
    written = Selected(column=column("tags", "set<text>"), reading=Reading.WRITETIME)
    for where in ("", "v = 'x'"):
        with pytest.raises(PreflightError, match="does not tell") as refused:
            prove(Server(lambda _: answer), replace(TABLE, where=where), [written])
        assert "writetime and ttl of tags" in refused.value.where
        assert "Unknown function" in refused.value.why
