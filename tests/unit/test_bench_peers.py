"""How bin/bench starts its peers, what it asks of the command line, and what it measures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import dsbulk, installs, naive, servers, spark_copy
from tests.bench.options import parse
from tests.bench.peers import PEERS, Track
from tests.bench.race import Command, largest_mib, started, tree
from tests.bench.shapes import SHAPES
from tests.support.stack import Stack

SOURCE, TARGET = "cassandra://127.0.0.1:9999", "mysql://root@127.0.0.1:8888/bench"


class Addresses(servers.Servers):
    """Servers that are nowhere."""

    def __init__(self, folder: Path) -> None:
        self._stack = Stack("nowhere")
        self.folder = folder
        self.cassandra = ("127.0.0.1", 9999)
        self.mysql = ("127.0.0.1", 8888)


@pytest.fixture
def track(tmp_path: Path) -> Track:
    """Return a track of the wide table."""
    return Track(
        servers=Addresses(tmp_path), shape=SHAPES["wide"], rows=1000, workers=3, folder=tmp_path
    )


@pytest.mark.parametrize(("peer", "order"), [("key", "key"), ("token", "token")])
def test_the_product_is_told_its_order_and_not_to_verify(
    track: Track, peer: str, order: str
) -> None:
    """Verification is a row of its own."""
    command = PEERS[peer].start(track)
    assert command.variables["CASS_SNAPSHOT_RUN__APPLY_ORDER"] == order
    assert command.variables["CASS_SNAPSHOT_VERIFY__AFTER_RUN"] == "false"
    assert "bench.wide_1000" in command.argv
    assert command.argv[command.argv.index("--workers") + 1] == "3"


def test_the_verified_product_verifies(track: Track) -> None:
    """It differs from the first row in that alone."""
    verified, plain = (PEERS[name].start(track) for name in ("verified", "key"))
    assert verified.argv == plain.argv
    assert {"CASS_SNAPSHOT_VERIFY__AFTER_RUN": "true"}.items() == (
        verified.variables.items() - plain.variables.items()
    )


def test_the_product_without_a_compiler_encodes_in_python(track: Track) -> None:
    """Every process of it, for the encoder is hidden from whatever Python starts there."""
    command = PEERS["python"].start(track)
    look = "from cass_snapshot.codec.compiled import AVAILABLE; print(AVAILABLE)"
    seen = subprocess.run(
        [sys.executable, "-c", look],
        env={**os.environ, **command.variables},
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == "False"


def test_the_naive_script_has_as_many_processes_as_the_product(track: Track) -> None:
    """Or it would be raced with one hand tied."""
    command = PEERS["naive"].start(track)
    assert command.argv[-5:] == (SOURCE, TARGET, "wide", "wide_1000", "3")
    assert naive.CHUNK == 1000


def test_dsbulk_doubles_quotes_and_writes_null_as_a_word() -> None:
    """Its own escaping leaves backslashes alone, which nothing can read back."""
    command = dsbulk.unload("java", "jars", SOURCE, "SELECT 1", Path("f"))
    given = dict(zip(command[7::2], command[8::2], strict=True))
    assert given["-query"] == "SELECT 1"
    assert given["--dsbulk.connector.csv.escape"] == r'"\""'
    assert given["--dsbulk.codec.nullStrings"] == "NULL"
    assert given["--datastax-java-driver.basic.contact-points"] == '["127.0.0.1:9999"]'


def test_what_dsbulk_wrote_is_loaded_without_escapes_and_blobs_decoded() -> None:
    """ESCAPED BY '' also makes the bare word NULL a NULL."""
    statement = dsbulk.load_statement(SHAPES["wide"], "wide_1", Path("out.csv"))
    assert "ESCAPED BY ''" in statement
    assert "amount, @payload, note) SET payload = FROM_BASE64(@payload)" in statement
    assert "SET" not in dsbulk.load_statement(SHAPES["narrow"], "n", Path("out.csv")).split(")")[-1]


def test_spark_is_tuned_and_keeps_its_clocks_at_utc() -> None:
    """A statement a row, or another time zone, would make it slow or wrong."""
    url = spark_copy.jdbc_url(TARGET)
    assert url.startswith("jdbc:mysql://127.0.0.1:8888/bench?")
    assert "rewriteBatchedStatements=true" in url
    assert "connectionTimeZone=UTC" in url
    settings = spark_copy.settings(SOURCE, "jars", 2, "folder")
    assert settings["spark.master"] == "local[2]"
    assert settings["spark.sql.session.timeZone"] == "UTC"
    assert settings["spark.cassandra.connection.port"] == "9999"


def test_a_maven_project_names_its_artifacts_and_no_address() -> None:
    """Where they come from is the machine's own setting."""
    text = installs.pom(["g:a:1", "h:b:2"])
    assert "<groupId>h</groupId><artifactId>b</artifactId><version>2</version>" in text
    assert "<url>" not in text


def test_cpu_is_read_behind_a_name_with_blanks_and_parentheses() -> None:
    """The second field is whatever the program calls itself."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = " ".join(str(n) for n in range(3, 53))
    stat = f"7 (a b) c) {fields}"
    assert servers.cpu_seconds(stat) == (14 + 15) / ticks


def test_a_program_that_is_left_is_ended_with_its_children(tmp_path: Path) -> None:
    """Whoever interrupts bin/bench leaves nothing running."""
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    command = Command(argv=[sys.executable, "-c", script], folder=tmp_path, variables={}, limit_s=9)
    with started(command) as process:
        assert process.pid in tree(process.pid)
        assert largest_mib(process.pid) >= 0
    assert process.returncode is not None
    assert not Path(f"/proc/{process.pid}").exists()


def test_all_peers_take_part_unless_some_are_chosen() -> None:
    """``all`` says so too, and a peer named twice runs once."""
    assert parse([]).peers == parse(["--peers", "all"]).peers == tuple(PEERS)
    assert parse(["--peers", "naive,key,naive"]).peers == ("naive", "key")


def test_the_cliff_has_mysql_as_it_comes() -> None:
    """128 MiB and a binlog; the race has neither limit."""
    cliff, race = parse(["--cliff"]), parse([])
    assert (cliff.buffer_pool, cliff.binlog, cliff.rows) == ("128M", True, 6_000_000)
    assert (race.buffer_pool, race.binlog, race.rows) == ("2G", False, 2_000_000)


@pytest.mark.parametrize("argv", [["--peers", "hare"], ["--rows", "0"], ["--cliff", "--scaling"]])
def test_what_cannot_be_meant_is_refused(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is started."""
    with pytest.raises(SystemExit, match="2"):
        parse(argv)
    assert "error" in capsys.readouterr().err
