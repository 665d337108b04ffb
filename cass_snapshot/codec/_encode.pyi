from collections.abc import Iterator, Sequence

from cass_snapshot.codec.described import Described
from cass_snapshot.model import Cells

def encode(
    rows: list[Cells] | tuple[bytes, int, int, int],
    columns: tuple[Described | None, ...],
    ready: tuple[Sequence[bytes] | None, ...],
    /,
) -> tuple[bytes, tuple[int, ...], int] | int: ...
def prepare(powers: bytes, plus: bool, /) -> None: ...
def arrange(
    data: bytes, rows: int, parts: str, cut: int, rows_max: int, /
) -> tuple[bytes, list[tuple[int, int]]] | None: ...
def merge(
    pieces: tuple[bytes, ...],
    parts: str,
    low: bytes | None,
    high: bytes | None,
    cut: int,
    rows_max: int,
    /,
) -> Iterator[tuple[bytes, int]] | None: ...
