"""The README's commands are ones that can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from cass_snapshot.cli.app import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (cass-snapshot [a-z][^\n]*?)(?:   .*)?$", README, re.MULTILINE)
SCRIPTS = re.findall(r"\bbin/[a-z]+", README)


def test_the_readme_shows_commands() -> None:
    """There is something to check: the pattern still meets the text."""
    assert len(COMMANDS) >= 4


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_parses(line: str) -> None:
    """Command and options exist, and take the values that the README gives them."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    _, name, *rest = shlex.split(line)
    command = group.commands[name]
    command.make_context(name, rest)


@pytest.mark.parametrize("script", sorted(set(SCRIPTS)))
def test_a_script_of_the_readme_is_there_and_executable(script: str) -> None:
    """A newcomer can start it as written."""
    assert (ROOT / script).stat().st_mode & 0o100
