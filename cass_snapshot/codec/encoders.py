"""Which encoder writes a CQL type in a form. Pure.

    form      value in the WAL                        CQL types
    text      the string                              ascii, text, varchar
    hex       lower-case hexadecimal of the cell      every type
    boolean   true, false                             boolean
    integer   number                                  tinyint .. bigint, counter, varint of 64 bits;
                                                      boolean (its byte, signed); date (days since
                                                      1970), time (ns), timestamp (ms since 1970)
    digits    string of decimal digits                varint, and what is an integer
    decimal   string, "1.50" or "15E+3"               decimal: unscaled digits and scale are kept
    number    shortest number that reads back equal   float (widened to double), double
    date      "YYYY-MM-DD"                            date
    time      "HH:MM:SS.ffffff"                       time
    datetime  "YYYY-MM-DD HH:MM:SS.mmm", UTC          timestamp
    uuid      "8-4-4-4-12", lower case                uuid, timeuuid
    inet      "127.0.0.1", "::1"                      inet
    duration  "1mo2d3ns"                              duration
    json      canonical JSON, see ``collections.py``  every type but those whose class is unknown
    vector    hexadecimal of little-endian floats     vector of float

What is made from a row, or read beside a value (write times in µs, TTLs in seconds), has an
encoder of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from cass_snapshot.codec.bulk import encode_json
from cass_snapshot.codec.calendar import DATE_OFFSET
from cass_snapshot.codec.collections import encode_vector
from cass_snapshot.codec.digits import encode_decimal, encode_digits, encode_small
from cass_snapshot.codec.refusal import Encode, Values
from cass_snapshot.codec.scalars import (
    encode_boolean,
    encode_date,
    encode_datetime,
    encode_hex,
    encode_inet,
    encode_text,
    encode_time,
    encode_uuid,
    floats,
    integers,
)
from cass_snapshot.codec.vints import encode_duration
from cass_snapshot.cql import CUSTOM, CqlType
from cass_snapshot.forms import Form, Limits
from cass_snapshot.planned import Reading

_INTEGERS: dict[str, Encode] = {
    "tinyint": integers("b", 1),
    "smallint": integers("h", 2),
    "int": integers("i", 4),
    "bigint": integers("q", 8),
    "counter": integers("q", 8),
}
_SCALARS: dict[tuple[str, Form], Encode] = {
    ("ascii", Form.TEXT): encode_text,
    ("text", Form.TEXT): encode_text,
    ("varchar", Form.TEXT): encode_text,
    ("boolean", Form.BOOLEAN): encode_boolean,
    ("boolean", Form.INTEGER): integers("b", 1),
    ("varint", Form.INTEGER): encode_small,
    ("varint", Form.DIGITS): encode_digits,
    ("decimal", Form.DECIMAL): encode_decimal,
    ("float", Form.NUMBER): floats("f", 4),
    ("double", Form.NUMBER): floats("d", 8),
    ("date", Form.DATE): encode_date,
    ("date", Form.INTEGER): integers("I", 4, DATE_OFFSET),
    ("time", Form.TIME): encode_time,
    ("time", Form.INTEGER): integers("q", 8),
    ("timestamp", Form.DATETIME): encode_datetime,
    ("timestamp", Form.INTEGER): integers("q", 8),
    ("uuid", Form.UUID): encode_uuid,
    ("timeuuid", Form.UUID): encode_uuid,
    ("inet", Form.INET): encode_inet,
    ("duration", Form.DURATION): encode_duration,
    **{(name, Form.INTEGER): encode for name, encode in _INTEGERS.items()},
}
_BESIDE: dict[Reading, Encode] = {
    Reading.WRITETIME: integers("q", 8),
    Reading.TTL: integers("i", 4),
}


def _digits(encode: Encode) -> Encode:
    def encode_as_text(cells: Sequence[bytes], limits: Limits) -> Values:
        return list(map(str, encode(cells, limits)))

    return encode_as_text


def encoder(cql: CqlType, form: Form, reading: Reading = Reading.VALUE) -> Encode:
    """Return what writes the cells of a column.

    Raises:
        ValueError: the type has no such form.
    """
    if reading in _BESIDE and form is Form.INTEGER:
        return _BESIDE[reading]
    if form is Form.HEX:
        return encode_hex
    if form is Form.JSON and cql.name != CUSTOM:
        return encode_json(cql)
    if form is Form.VECTOR and cql.name == "vector" and cql.of[0].name == "float":
        return encode_vector(cql.dimension)
    if form is Form.DIGITS and cql.name in _INTEGERS:
        return _digits(_INTEGERS[cql.name])
    if (cql.name, form) not in _SCALARS:
        raise ValueError(f"{cql} cannot be written in the form {form.value}")
    return _SCALARS[cql.name, form]
