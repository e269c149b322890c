"""Small pieces of SVG as text, and the axes of a chart. Whatever comes from outside is escaped here."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from importlib.resources import files

MARGIN = 12  # around a picture of its own, in pixels
COLORS = 9  # of the palette in the style sheet
LETTER = 0.6  # mean width of a letter of the system fonts, in units of the font size


def style() -> str:
    """The style sheet of charts and diagrams: colours for light and dark, in the page as in a single picture."""
    return (files("stgnn.report") / "chart.css").read_text(encoding="utf-8")


def document(width: float, height: float, label: str, body: str) -> str:
    """A picture of its own: style, background and margin included, so it can stand in a README or a notebook."""
    width, height = width + 2 * MARGIN, height + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="stgnn" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label="{escape(label)}"><style>{style()}</style>'
        '<rect class="paper" width="100%" height="100%" rx="8"/>'
        f'<g transform="translate({MARGIN} {MARGIN})">{body}</g></svg>\n'
    )


def embedded(width: float, height: float, label: str, body: str, css: str = "chart", more: str = "") -> str:
    """A drawing in a page that has the style sheet; one without links is a single image to those who do not see it."""
    role = "group" if "<a " in body else "img"
    return (
        f'<svg class="{css}" viewBox="0 0 {width:g} {num(height)}"{more} role="{role}" aria-label="{escape(label)}">'
        f"{body}</svg>"
    )


def colored(content: str, number: int) -> str:
    """Marks and lines in a colour of the palette."""
    return f'<g class="{color(number)}">{content}</g>'


def color(number: int) -> str:
    """The class of the style sheet that gives a colour of the palette."""
    return f"c{number % COLORS}"


def num(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def text(
    x: float, y: float, content: str, css: str = "", anchor: str = "", room: float = math.inf, size: float = 12
) -> str:
    """A line of text; one that is wider than ``room`` is drawn narrower instead of running over its neighbour."""
    attributes = f' class="{css}"' if css else ""
    attributes += f' text-anchor="{anchor}"' if anchor else ""
    if len(content) * LETTER * size > room:
        attributes += f' textLength="{num(room)}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{num(x)}" y="{num(y)}"{attributes}>{escape(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """A straight line."""
    return f'<path class="{css}" d="M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}"/>'


def rect(x: float, y: float, width: float, height: float, css: str, radius: float = 0) -> str:
    """A rectangle."""
    corner = f' rx="{num(radius)}"' if radius else ""
    return f'<rect class="{css}" x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}"{corner}/>'


def dots(points: Iterable[tuple[float, float]], css: str) -> str:
    """Points in one element, so that thousands of them stay light: as wide as the stroke, with round ends."""
    drawn = "".join(f"M{num(x)} {num(y)}h0" for x, y in points)
    return f'<path class="{css}" d="{drawn}"/>' if drawn else ""


def path(points: Iterable[tuple[float, float]], css: str, close: bool = False) -> str:
    """A line through points."""
    return f'<path class="{css}" d="M{"L".join(f"{num(x)} {num(y)}" for x, y in points)}{"Z" if close else ""}"/>'


def marker(shape: str, x: float, y: float, radius: float, css: str) -> str:
    """A mark whose shape carries the meaning as well as its colour: circle, triangle, diamond, square or star."""
    if shape == "circle":
        return f'<circle class="{css}" cx="{num(x)}" cy="{num(y)}" r="{num(radius)}"/>'
    corners = {"triangle": 3, "diamond": 4, "square": 4, "star": 10}[shape]
    # A star is mostly empty: it is drawn larger, to weigh as much as the others.
    radii = [radius * 1.6, radius * 0.72] if shape == "star" else [radius * 1.15]
    first = -0.25 if shape == "square" else -0.5  # of half a turn: the others stand on their centre, a corner upwards
    angles = [math.pi * (2 * i / corners + first) for i in range(corners)]
    rings = [radii[i % len(radii)] for i in range(corners)]
    return path(
        [(x + r * math.cos(a), y + r * math.sin(a)) for r, a in zip(rings, angles, strict=True)], css, close=True
    )


@dataclass(frozen=True)
class Axis:
    """A scale from values to pixels, linear or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    whole: bool = False  # only whole values get a tick

    def __call__(self, value: float) -> float:
        """The pixel of a value; values outside land on the edge."""
        low, high, value = (math.log(max(v, 1e-9)) if self.log else v for v in (self.low, self.high, value))
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return self.start + share * (self.end - self.start)

    @property
    def nearly_linear(self) -> bool:
        """Whether evenly spaced values look evenly spaced."""
        return not self.log or self.high / self.low < 3

    def ticks(self, wanted: int = 6) -> list[float]:
        """Round values, about ``wanted`` of them."""
        if self.nearly_linear:
            return _linear_ticks(self.low, self.high, wanted, 1.0 if self.whole else 0.0)
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for digits in ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)):
            ticks = [digit * 10.0**decade for decade in decades for digit in digits]
            ticks = [tick for tick in ticks if self.low * 0.999 <= tick <= self.high * 1.001]
            if len(ticks) <= wanted + 1:
                return ticks
        return ticks[:: math.ceil(len(ticks) / wanted)]


def _linear_ticks(low: float, high: float, wanted: int, least: float) -> list[float]:
    start = max(10 ** math.floor(math.log10((high - low) / wanted)), least)
    for factor in (1, 2, 5, 10, 20):
        step = start * factor
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < wanted:
            break
    return [index * step for index in range(first, last + 1)]


def spread(values: Iterable[float], log: bool = False, margin: float = 0.06) -> tuple[float, float]:
    """Lowest and highest value with a margin around them; a single value gets room too."""
    numbers = [math.log(max(value, 1e-9)) if log else value for value in values]
    low, high = min(numbers), max(numbers)
    room = max((high - low) * margin, 0.15 if log else 0.01)
    low, high = low - room, high + room
    return (math.exp(low), math.exp(high)) if log else (low, high)
