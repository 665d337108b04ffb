"""Keys of several values, texts and integers, that are likely to be near each other."""

from __future__ import annotations

from hypothesis import strategies as st

from cass_snapshot.forms import Form
from cass_snapshot.planned import PlannedColumn
from tests.support.typed_cells import as_planned

_INTEGERS = st.one_of(
    st.integers(-12, 12),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([10**17, 10**18, 9223372036854775799, 9223372036854775800, -(2**63)]),
)
_COLUMNS = {"t": (Form.TEXT, "VARCHAR(32)"), "i": (Form.INTEGER, "BIGINT")}


@st.composite
def composite_keys(draw: st.DrawFn) -> tuple[str, list[tuple[str | int, ...]]]:
    """Draw the kinds of a key's values, and some keys; texts with an escape among them at times."""
    kinds = draw(st.text("ti", min_size=1, max_size=4))
    signs = draw(st.sampled_from(["ab", 'a !#é\U0001f600"', "a0,]["]))
    opening = draw(st.sampled_from(["", "tenant-"]))
    texts = st.text(signs, max_size=12).map(lambda text: opening + text)
    values = [_INTEGERS if kind == "i" else texts for kind in kinds]
    return kinds, draw(st.lists(st.tuples(*values), min_size=1, max_size=40))


def composite_columns(kinds: str) -> list[PlannedColumn]:
    """Return the columns of such a key, and an integer behind them."""
    named = [(f"k{place}", *_COLUMNS[kind]) for place, kind in enumerate(kinds)]
    return [as_planned(*one) for one in (*named, ("v", *_COLUMNS["i"]))]
