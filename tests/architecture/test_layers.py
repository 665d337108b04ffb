"""The rules of the house that a tool can check: imports one way, files and functions of a size."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "cass_snapshot"
MODULES = sorted(PACKAGE.rglob("*.py"))
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
ARCHITECTURE_LINES_MAX = 150
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "base", "manager"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    """Return a file's name within the checkout."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a file with the number of its lines, signature to last statement."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, Function):
            last = node.end_lineno or node.lineno
            yield f"{named(path)}:{node.lineno} {node.name}", last - node.lineno + 1


def test_there_is_something_to_check() -> None:
    """A moved package would make every rule hold."""
    assert len(MODULES) > 50


def test_imports_go_one_way() -> None:
    """The contracts in pyproject.toml: layers, and who may know which driver."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_a_file_can_be_read_in_one_sitting() -> None:
    """Past 300 lines it is split by noun."""
    long = [named(p) for p in MODULES if len(p.read_bytes().splitlines()) > FILE_LINES_MAX]
    assert long == []


def test_a_function_does_one_thing() -> None:
    """None is longer than 40 lines; those that are stand here by name."""
    long = [
        f"{name}: {size}"
        for path in MODULES
        for name, size in functions(path)
        if size > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    """What has no noun of its own belongs to the room that uses it."""
    parts = {part for path in MODULES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    assert not parts & BANNED_NAMES


def test_a_module_says_what_it_owns() -> None:
    """Its docstring is the first thing in it."""
    silent = [named(p) for p in MODULES if not ast.get_docstring(ast.parse(p.read_bytes()))]
    assert silent == []


def test_a_package_is_typed_for_others() -> None:
    """``py.typed`` ships with it."""
    assert (PACKAGE / "py.typed").is_file()


def test_the_two_halves_of_the_data_path_stay_short() -> None:
    """A newcomer reads capture and apply in one sitting."""
    for name in ("capture.py", "apply.py"):
        assert len((PACKAGE / "snapshot" / name).read_bytes().splitlines()) < 100


def test_the_architecture_fits_on_a_few_screens() -> None:
    """ARCHITECTURE.md is there, and has at most 150 lines."""
    path = ROOT / "ARCHITECTURE.md"
    assert path.is_file(), "ARCHITECTURE.md is missing"
    assert len(path.read_bytes().splitlines()) <= ARCHITECTURE_LINES_MAX


def test_every_file_that_the_architecture_names_exists() -> None:
    """The map is of this country: each name in code letters that ends in .py is a file."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    words = {word.strip("`,.:;()|") for word in text.split()}
    named_files = {word for word in words if word.endswith(".py") and "*" not in word}
    known = {p.relative_to(PACKAGE).as_posix() for p in MODULES}
    tails = {tail for k in known for tail in (k, k.rpartition("/")[2], f"cass_snapshot/{k}")}
    missing = {name for name in named_files - tails if not (ROOT / name).exists()}
    assert not missing
