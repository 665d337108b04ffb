"""A plot as SVG: both axes logarithmic, a curve each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 130, 30, 50
_COLOURS = ("#0b6e99", "#c4420a", "#3a7d2c", "#7a3e9d", "#8a6d00")
_DOCUMENT = 'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12"'
_STEPS = (1, 2, 5)
X_TITLE, Y_TITLE = "rows of the table", "µs a row, from process start to exit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A name and its points, by x."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from ``low`` to ``high`` on a line from ``start`` to ``end``, by their logarithm."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return where a value stands."""
        share = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return the round values of the axis."""
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        values = [step * 10.0**power for power in powers for step in _STEPS]
        return [value for value in values if self.low <= value <= self.high]


def axis(values: Sequence[float], start: float, end: float) -> Axis:
    """Return an axis that begins and ends with round values around all of these."""
    rounds = [s * 10.0**p for p in range(-4, 12) for s in _STEPS]
    low = max(value for value in rounds if value <= min(values))
    high = min(value for value in rounds if value > max(values))
    return Axis(low, high, start, end)


def plot(curves: Sequence[Curve]) -> str:
    """Return the SVG document."""
    x = axis([p[0] for c in curves for p in c.points], _LEFT, WIDTH - _RIGHT)
    y = axis([p[1] for c in curves for p in c.points], HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg {_DOCUMENT} viewBox="0 0 {WIDTH} {HEIGHT}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *(_grid_line(x.place(v), _TOP, x.place(v), HEIGHT - _BOTTOM) for v in x.ticks()),
        *(_grid_line(_LEFT, y.place(v), WIDTH - _RIGHT, y.place(v)) for v in y.ticks()),
        *(_text(x.place(v), HEIGHT - _BOTTOM + 18, f"{v:,.0f}") for v in x.ticks() if _is_ten(v)),
        *(_text(_LEFT - 8, y.place(v) + 4, f"{v:g}", "end") for v in y.ticks()),
        _text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 10, X_TITLE),
        _text(_LEFT, _TOP - 12, Y_TITLE, "start"),
    ]
    for place, curve in enumerate(curves):
        parts += _curve(curve, x, y, _COLOURS[place % len(_COLOURS)], place)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _is_ten(value: float) -> bool:
    return log10(value) == round(log10(value))


def _grid_line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle", colour: str = "#333") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}>{escape(text)}</text>"


def _curve(curve: Curve, x: Axis, y: Axis, colour: str, place: int) -> list[str]:
    places = [(x.place(px), y.place(py)) for px, py in curve.points]
    line = "L".join(f"{px:.1f} {py:.1f}" for px, py in places)
    return [
        f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in places),
        _text(WIDTH - _RIGHT + 12, _TOP + 12 + 20 * place, curve.name, "start", colour),
    ]
