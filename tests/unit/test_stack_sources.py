"""The Debian mirror, read from texts of both forms that apt takes."""

from __future__ import annotations

import pytest

from tests.support.stack.sources import Source, parse_deb822, parse_list, pick_mirror

RING = "/usr/share/keyrings/debian-archive-keyring.gpg"

ONE_LINE = f"""\
# deb http://commented.example/debian bookworm main
deb cdrom:[Debian 12]/ bookworm main
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by={RING}] http://mirror.example/debian/ bookworm main contrib # ours
deb http://mirror.example/debian/ bookworm-updates main

deb http://security.example/debian-security bookworm-security main
"""

DEB822 = f"""\
# made by the installer

Types: deb deb-src
# http://old.example/archive/debian
URIs: http://mirror.example/debian
Suites: bookworm
  bookworm-updates
Components: main
Signed-By: {RING}

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm bookworm-updates
Components: main
"""

STRANGER = Source(uri="https://stranger.example", suites=("bookworm",), components=("main",))


def test_the_one_line_form_gives_the_mirror() -> None:
    """Comments, sources of sources, discs and the security archive are passed over."""
    mirror = pick_mirror(parse_list(ONE_LINE), "bookworm")
    assert mirror == Source(
        uri="http://mirror.example/debian/",
        suites=("bookworm",),
        components=("main", "contrib"),
        signed_by=RING,
    )


def test_the_stanza_form_gives_the_mirror() -> None:
    """Comments inside a stanza, continued fields, disabled stanzas."""
    mirror = pick_mirror(parse_deb822(DEB822), "bookworm")
    assert mirror == Source(
        uri="http://mirror.example/debian",
        suites=("bookworm", "bookworm-updates"),
        components=("main",),
        signed_by=RING,
    )
    assert all("disabled" not in source.uri for source in parse_deb822(DEB822))


def test_a_strangers_repository_is_not_the_mirror() -> None:
    """It may use the code name and "main" too, wherever it stands in the list."""
    ours = parse_deb822(DEB822)
    expected = pick_mirror(ours, "bookworm")
    assert expected == pick_mirror([STRANGER, *ours], "bookworm")
    assert expected == pick_mirror([*ours, STRANGER], "bookworm")


def test_a_machine_that_names_its_suite_by_role_has_a_mirror() -> None:
    """Debian 12 is "bookworm", and in its time "stable"."""
    found = pick_mirror(parse_list("deb http://mirror.example/debian stable main"), "bookworm")
    assert found is not None


@pytest.mark.parametrize("text", ["", "deb http://m.example/debian bookworm contrib\n"])
def test_without_main_there_is_no_mirror(text: str) -> None:
    """Better said than guessed."""
    assert pick_mirror(parse_list(text), "bookworm") is None


def test_the_line_of_another_suite_keeps_the_key() -> None:
    """The archive signs all suites with the keys of one ring."""
    source = Source(uri="http://m.example/debian", suites=(), components=(), signed_by=RING)
    assert source.line("sid") == f"deb [signed-by={RING}] http://m.example/debian sid main\n"


def test_a_key_written_into_the_stanza_is_left_out() -> None:
    """It is no path; apt's own trusted keys stand in."""
    text = "Types: deb\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main\n"
    block = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY\n"
    (source,) = parse_deb822(text + block)
    assert source.signed_by == ""
