"""Metadata of the package: what it needs, what it installs. Tool settings: pyproject.toml."""

import re
from pathlib import Path

from setuptools import Extension, find_packages, setup

HERE = Path(__file__).parent


def version() -> str:
    """Return the version written once, in ``cass_snapshot/__init__.py``."""
    text = (HERE / "cass_snapshot" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise SystemExit("setup.py: no __version__ in cass_snapshot/__init__.py")
    return found.group(1)


# Every range is one that the tests have run with at its upper end; the lower ends are the first
# releases with what we call. mysql-connector-python 26.x loses its C extension without a word
# beside OpenSSL 3.0, hence the ceiling.
REQUIRES = [
    "cassandra-driver>=3.29.2,<4",
    "mysql-connector-python>=9.4,<26",
    "typer>=0.29,<1",
    "orjson>=3.10,<4",
    "zstandard>=0.23,<1",
    "pydantic-settings>=2.7,<3",
    "tenacity>=9,<10",
]
TEST = ["pytest>=8.3,<10", "hypothesis>=6.120,<7"]
CHECK = ["ruff>=0.17,<0.18", "mypy>=2.4,<3", "import-linter>=2.3,<3", "setuptools>=68"]


# The compiled parts: three times as fast, never required. Where it cannot be built, the
# package installs without it and encodes in Python; `cass-snapshot --version` says which.
def native(module: str, room: str) -> Extension:
    """Return what is built of the sources in a room's folder."""
    package = HERE / "cass_snapshot"
    headers = sorted(package.glob("**/native/*.h"))
    return Extension(
        f"cass_snapshot.{module}",
        # As setuptools wants them: from here.
        sources=sorted(str(p.relative_to(HERE)) for p in (package / room / "native").glob("*.c")),
        depends=[str(path.relative_to(HERE)) for path in headers],
        include_dirs=["cass_snapshot/native"],
        extra_compile_args=["-O3", "-Wall", "-Wextra", "-fvisibility=hidden"],
        optional=True,
    )


setup(
    name="cass-snapshot",
    version=version(),
    description="Copy Cassandra tables into MySQL: complete, resumable, verified.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11,<3.15",
    packages=find_packages(include=["cass_snapshot", "cass_snapshot.*"]),
    package_data={"cass_snapshot": ["py.typed"]},
    ext_modules=[
        native("_wire", "."),
        native("codec._encode", "codec"),
        native("mysql._dialect", "mysql"),
    ],
    install_requires=REQUIRES,
    extras_require={"test": TEST, "dev": TEST + CHECK},
    entry_points={"console_scripts": ["cass-snapshot = cass_snapshot.__main__:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Environment :: Console",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Topic :: Database",
        "Typing :: Typed",
    ],
)
