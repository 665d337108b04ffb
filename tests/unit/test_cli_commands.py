"""The commands to type next are made from the one that was typed."""

from __future__ import annotations

from typer.main import get_command

from cass_snapshot.cli.app import app, invocation
from cass_snapshot.cli.commands import WITH_VALUE, commands_from


def test_the_next_commands_keep_the_place_and_drop_new() -> None:
    """Again continues; find-missing gets tables and addresses, and no option of run's own."""
    typed = "cass-snapshot run a.b --new --workers 3 --from cassandra://h --to=mysql://u@h/d -q"
    commands = commands_from(typed.split())
    assert commands.again == (
        "cass-snapshot run a.b --workers 3 --from cassandra://h --to=mysql://u@h/d -q"
    )
    assert commands.afresh == (
        "cass-snapshot run --new a.b --from cassandra://h --to=mysql://u@h/d"
    )
    assert commands.find_missing == (
        "cass-snapshot find-missing a.b --from cassandra://h --to=mysql://u@h/d"
    )


def test_the_table_that_was_typed_is_in_the_next_commands() -> None:
    """What a command finds in its context begins with the program's name."""
    commands = commands_from(invocation(["run", "a.b", "--workers", "3"]))
    assert commands.again == "cass-snapshot run a.b --workers 3"
    assert commands.find_missing == "cass-snapshot find-missing a.b"


def test_copying_what_is_missing_keeps_places_and_folder() -> None:
    """What find-missing alone takes is left out."""
    typed = "cass-snapshot find-missing a.b -c x.toml --from cassandra://a --write-csv k.csv"
    assert commands_from([*typed.split(), "--run-dir", "d"]).copy == (
        "cass-snapshot run a.b -c x.toml --from cassandra://a --run-dir d"
    )


def test_status_is_asked_for_where_the_runs_are() -> None:
    """File and folder are kept, and nothing else."""
    typed = "cass-snapshot run a.b -c x.toml --run-dir /srv/runs --workers 3"
    assert commands_from(typed.split()).status == (
        "cass-snapshot status -c x.toml --run-dir /srv/runs"
    )


def test_what_is_to_be_typed_is_quoted_for_the_shell() -> None:
    """A path with a blank stays one word."""
    assert commands_from(["cass-snapshot", "run", "-c", "my file.toml"]).again == (
        "cass-snapshot run -c 'my file.toml'"
    )


def test_the_options_with_a_value_are_those_of_the_commands() -> None:
    """Another one would be taken for a table."""
    commands = get_command(app).commands  # type: ignore[attr-defined]  # a group
    known = [*commands["run"].params, *commands["find-missing"].params]
    options = [p for p in known if p.param_type_name == "option"]
    with_value = {name for p in options if not (p.is_flag or p.count) for name in p.opts}
    assert with_value == set(WITH_VALUE)


def test_mending_needs_the_target_and_the_runs_and_nothing_else() -> None:
    """The command to type next is made from the one that was typed."""
    typed = "cass-snapshot run shop.orders --from cassandra://a --to mysql://u@b/c --run-dir d"
    made = commands_from([*typed.split(), "--rejected-max", "1%", "--workers=2"])
    assert made.mend == "cass-snapshot replay-wal --rejected --to mysql://u@b/c --run-dir d"
    assert made.again.endswith("--rejected-max 1% --workers=2")
