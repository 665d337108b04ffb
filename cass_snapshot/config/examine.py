"""What ``doctor`` says of the configuration: where it is from, what it lacks, who may read it."""

from __future__ import annotations

from collections.abc import Collection

from cass_snapshot.config import SOURCE_NEEDS, TARGET_NEEDS, require, with_passwords
from cass_snapshot.config.environment import PREFIX
from cass_snapshot.errors import UsageError
from cass_snapshot.planned import Finding, Level
from cass_snapshot.settings import Settings

_NEEDS = {"cassandra": SOURCE_NEEDS, "mysql": TARGET_NEEDS}


def examined(
    settings: Settings, servers: Collection[str]
) -> tuple[Settings, list[Finding], dict[str, Finding]]:
    """Return the settings with passwords, what is found, and why a server cannot be asked.

    Args:
        settings: as loaded without any need.
        servers: the sections whose servers are going to be asked: cassandra, mysql.
    """
    found = [Finding(level=Level.OK, text=settings.origins.heading())]
    unusable: dict[str, Finding] = {}
    for name in servers:
        try:
            for need in _NEEDS[name]:
                require(settings, need)
            settings = with_passwords(settings, {name})
        except UsageError as error:
            text = "; ".join(filter(None, (error.what, error.where, error.why)))
            found.append(Finding(level=Level.FAIL, text=text, fix=error.fix))
            unusable[name] = Finding(
                level=Level.WARN, text="not asked: see configuration", fix="mend that first"
            )
        else:
            found += _password(settings, name)
    if not settings.tables:
        found.append(
            Finding(
                level=Level.WARN,
                text="no table is named: types and targets are not looked at",
                fix="cass-snapshot doctor KEYSPACE.TABLE, or [[tables]] in the file",
            )
        )
    return settings, found, unusable


def _password(settings: Settings, name: str) -> list[Finding]:
    section = settings.cassandra if name == "cassandra" else settings.mysql
    if section.password_file is not None:
        text = f"the password file for {name} is readable by its owner only"
        return [Finding(level=Level.OK, text=text)]
    if section.password is None:
        return []
    variable = f"{PREFIX}{name.upper()}__PASSWORD"
    return [
        Finding(
            level=Level.WARN,
            text=f"the password for {name} stands in the environment, which others may see",
            fix=f"write it to a file (chmod 600), and name that in {variable}_FILE",
        )
    ]
