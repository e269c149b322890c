"""One thing that may be wrong with a data set."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

SEVERITIES = ("error", "warning", "note")
EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """One thing that may be wrong.

    Args:
        severity: ``error``: results on this data will be wrong; ``warning``: probably not what you want; ``note``: good
            to know.
        code: A short name that does not change, for scripts.
        count: How many clips, frames, joints or classes, as the sentence says.
        what: What was found, one sentence.
        action: What to do about it, one sentence.
        examples: The first clips, joints or classes that it is about.
        protocol: The protocol that it is about, if it is about one.
    """

    severity: str
    code: str
    count: int
    what: str
    action: str
    examples: tuple[str, ...] = ()
    protocol: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "examples": list(self.examples)}


def some(names: tuple[str, ...], indices: Iterable[int]) -> tuple[str, ...]:
    """The names of the first few of the indices."""
    return tuple(names[index] for index, _ in zip(indices, range(EXAMPLES), strict=False))


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun, and maybe a verb: ``1 clip``, ``2 clips``; ``1 clip has``, ``2 clips have``.

    Args:
        count: The number.
        one: What follows the number 1.
        many: What follows any other; ``one`` with an s when not given.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def share(part: float, whole: float) -> str:
    """A part in per cent: ``12.3 %``, ``less than 0.1 %``."""
    return "less than 0.1 %" if part < whole / 1000 else f"{100 * part / whole:.1f} %"
