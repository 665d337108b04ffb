r"""Readers of what MySQL reads, written from its manual and sharing nothing with what writes it.

LOAD DATA with ``FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '\\'`` and
``LINES STARTING BY '[' TERMINATED BY ']\n'``; and SQL literals without NO_BACKSLASH_ESCAPES.
"""

from __future__ import annotations

from dataclasses import dataclass

_ESCAPES = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a"}
Field = bytes | None


@dataclass(slots=True)
class _Text:
    """Bytes and a place in them."""

    data: bytes
    at: int = 0

    def sees(self, word: bytes) -> bool:
        """Tell whether a word stands here."""
        return self.data.startswith(word, self.at)

    def take(self, word: bytes) -> None:
        """Go past a word that must stand here."""
        if not self.sees(word):
            raise ValueError(f"{word!r} expected, not {self.data[self.at : self.at + 20]!r}")
        self.at += len(word)

    def byte(self) -> bytes:
        """Return the next byte and go past it."""
        if self.at >= len(self.data):
            raise ValueError("the text ends too early")
        self.at += 1
        return self.data[self.at - 1 : self.at]

    def name(self) -> str:
        """Return an identifier in backticks."""
        self.take(b"`")
        out = bytearray()
        while True:
            c = self.byte()
            if c == b"`":
                if not self.sees(b"`"):
                    return out.decode()
                self.at += 1
            out += c

    def number(self) -> bytes:
        """Return a run of digits, signs and points."""
        start = self.at
        while self.at < len(self.data) and self.data[self.at : self.at + 1] in b"0123456789+-.eE":
            self.at += 1
        if start == self.at:
            raise ValueError(f"a literal expected, not {self.data[start : start + 20]!r}")
        return self.data[start : self.at]


def load_data(data: bytes) -> list[list[Field]]:
    """Return the fields of each line as LOAD DATA reads them; None where it reads NULL."""
    text, lines = _Text(data), []
    while text.at < len(data):
        start = data.find(b"[", text.at)  # what stands before LINES STARTING BY is skipped
        if start < 0:
            break
        text.at = start + 1
        fields = []
        while True:
            fields.append(_enclosed(text) if text.sees(b'"') else _bare(text))
            if text.sees(b"]\n"):
                text.at += 2
                break
            text.take(b",")
        lines.append(fields)
    return lines


def _ends(text: _Text) -> bool:
    return text.sees(b",") or text.sees(b"]\n")


def _unescaped(text: _Text) -> bytes:
    c = text.byte()
    return _ESCAPES.get(c, c)


def _enclosed(text: _Text) -> Field:
    text.take(b'"')
    out = bytearray()
    while True:
        c = text.byte()
        if c == b"\\":
            out += _unescaped(text)
        elif c == b'"' and text.sees(b'"'):
            out += text.byte()
        elif c == b'"' and _ends(text):
            return bytes(out)
        else:
            out += c


def _bare(text: _Text) -> Field:
    out = bytearray()
    if text.sees(b"\\N"):
        text.at += 2
        if _ends(text):
            return None
        out += b"N"
    while not _ends(text):
        c = text.byte()
        out += _unescaped(text) if c == b"\\" else c
    return None if out == b"NULL" else bytes(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """An INSERT taken apart: table, columns, rows of literals, and what stands behind them."""

    table: tuple[str, str]
    columns: list[str]
    rows: list[list[Field]]
    tail: str


def insert(statement: bytes) -> Insert:
    """Return what a multi-row INSERT says; a text literal as bytes, a number as its digits."""
    text = _Text(statement)
    text.take(b"INSERT INTO ")
    database = text.name()
    text.take(b".")
    table = text.name()
    text.take(b" (")
    columns = [text.name()]
    while text.sees(b", "):
        text.take(b", ")
        columns.append(text.name())
    text.take(b") VALUES ")
    rows = [_row(text)]
    while text.sees(b","):
        text.take(b",")
        rows.append(_row(text))
    tail = text.data[text.at :].decode()
    return Insert(table=(database, table), columns=columns, rows=rows, tail=tail)


def _row(text: _Text) -> list[Field]:
    text.take(b"(")
    fields = [_literal(text)]
    while text.sees(b","):
        text.take(b",")
        fields.append(_literal(text))
    text.take(b")")
    return fields


def literal(sql: str) -> Field:
    """Return the value of one SQL literal, which must be all of the text."""
    text = _Text(sql.encode())
    value = _literal(text)
    if text.at != len(text.data):
        raise ValueError(f"{text.data[text.at :]!r} stands behind the literal")
    return value


_WORDS: dict[bytes, Field] = {b"NULL": None, b"null": None, b"true": b"1", b"false": b"0"}


def _literal(text: _Text) -> Field:
    for word, value in _WORDS.items():
        if text.sees(word):
            text.take(word)
            return value
    if text.sees(b"x'"):
        text.at += 2
        end = text.data.index(b"'", text.at)
        digits, text.at = text.data[text.at : end], end + 1
        return bytes.fromhex(digits.decode())
    if not (text.sees(b"'") or text.sees(b'"')):
        return _number(text)
    quote = text.byte()
    out = bytearray()
    while True:
        c = text.byte()
        if c == b"\\":
            out += _unescaped(text)
        elif c == quote:
            if not text.sees(quote):
                return bytes(out)
            out += text.byte()
        else:
            out += c


def _number(text: _Text) -> bytes:
    """Return a number; a zero without an exponent is an integer or a DECIMAL, which has no sign."""
    found = text.number()
    signed_zero = b"e" not in found.lower() and float(found) == 0
    return found.removeprefix(b"-") if signed_zero else found


def identifier(sql: str) -> str:
    """Return the name that a backticked identifier stands for; it must be all of the text."""
    text = _Text(sql.encode())
    name = text.name()
    if text.at != len(text.data):
        raise ValueError("something stands behind the name")
    return name
