"""Which Debian mirror this machine uses, read from its own apt sources. Pure.

No address is written into this project: a machine behind a mirror names that mirror itself.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)]\s+)?(?P<rest>\S.*)$")
_SIGNED_BY = re.compile(r"(?:^|\s)signed-by=(\S+)", re.IGNORECASE)

_ALIASES = ("oldstable", "stable", "testing", "unstable", "sid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One address that packages come from; `signed_by` is the path of its key ring, if named."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    def line(self, suite: str) -> str:
        """Return the line of a sources file for that suite of the same mirror."""
        options = f" [signed-by={self.signed_by}]" if self.signed_by else ""
        return f"deb{options} {self.uri} {suite} main\n"


def parse_list(text: str) -> list[Source]:
    """Read the one-line form, ``deb [options] URI SUITE COMPONENT...``."""
    found = []
    for line in text.splitlines():
        match = _ONE_LINE.match(line.partition("#")[0].strip())
        if match is None:
            continue
        uri, suite, *components = match["rest"].split()
        signed_by = _SIGNED_BY.search(match["options"] or "")
        found.append(
            Source(
                uri=uri,
                suites=(suite,),
                components=tuple(components),
                signed_by=signed_by[1] if signed_by else "",
            )
        )
    return found


def parse_deb822(text: str) -> list[Source]:
    """Read the form of ``*.sources`` files: stanzas of fields."""
    stanzas = re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text))
    return [source for stanza in stanzas for source in _sources(_fields(stanza))]


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _sources(fields: dict[str, str]) -> Iterable[Source]:
    if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") == "no":
        return
    signed_by = fields.get("signed-by", "")
    for uri in fields.get("uris", "").split():
        yield Source(
            uri=uri,
            suites=tuple(fields.get("suites", "").split()),
            components=tuple(fields.get("components", "").split()),
            signed_by=signed_by if signed_by.startswith("/") else "",  # else a key, written out
        )


def pick_mirror(sources: Sequence[Source], codename: str) -> Source | None:
    """Return the one of these that carries Debian itself; None if there is no such one.

    Strangers' repositories take the code name as suite and "main" as component too: the mirror is
    rather the one that also has updates, and whose path ends in "debian" as mirrors' paths do.
    """
    suites = {codename, *_ALIASES}
    candidates = [
        source
        for source in sources
        if suites.intersection(source.suites)
        and "main" in source.components
        and not source.uri.startswith("cdrom:")
    ]
    updates = {f"{suite}-updates" for suite in suites}
    with_updates = {source.uri for source in sources if updates.intersection(source.suites)}
    return max(
        candidates,
        key=lambda source: (source.uri in with_updates, source.uri.rstrip("/").endswith("debian")),
        default=None,
    )
