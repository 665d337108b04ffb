"""What kind of file system a WAL lies on: some forget everything, some sync on their word alone."""

from __future__ import annotations

from pathlib import Path

from cass_snapshot.errors import PreflightError

_MOUNTS = Path("/proc/self/mountinfo")
_FORGETS = frozenset({"tmpfs", "ramfs"})
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs"})


def check_place(path: Path) -> str:
    """Return a warning for a network file system, and an empty text for a local disk (rule 14).

    Raises:
        PreflightError: the file system lives in memory, so that nothing on it is durable.
    """
    if not _MOUNTS.exists():
        return ""  # not Linux: unknown, and not worth a refusal
    kind = kind_of(path.resolve(), _MOUNTS.read_text(errors="surrogateescape"))
    if kind in _FORGETS:
        raise PreflightError(
            "the WAL may not lie in memory",
            where=str(path),
            why=f"{kind} forgets everything when the machine stops",
            fix="choose a directory on a disk for the runs",
        )
    if kind in _REMOTE or kind.startswith("fuse."):
        return f"{path} lies on {kind}: whether a sync is durable there, its server decides"
    return ""


def file_system(path: Path) -> str:
    """Return the type of the file system that holds a path, as the system calls it."""
    text = _MOUNTS.read_text(errors="surrogateescape") if _MOUNTS.exists() else ""
    return kind_of(path.resolve(), text) or "an unknown file system"


def kind_of(path: Path, mountinfo: str) -> str:
    """Return the type of the file system that holds an absolute path, "" where none is named."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:  # noqa: PLR2004 id, parent, device, root, mount point
            continue
        mount = Path(_unescaped(fields[4]))
        if (
            path.is_relative_to(mount) and len(mount.parts) >= best
        ):  # the later mount hides the earlier
            best, kind = len(mount.parts), right.split(" ")[0]
    return kind


def _unescaped(text: str) -> str:
    for escape, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(escape, character)
    return text
