"""The one exception for everything a user can get wrong: what was given, what is allowed, what to do."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

LARGEST_SEED = 2**32 - 1  # that every library takes


class InputError(ValueError):
    """A wrong input. The command line prints it as it stands, without a traceback, and exits with status 2.

    Args:
        what: What is wrong, in one sentence without a final full stop.
        given: The offending value.
        allowed: What would have been accepted.
        hint: What to do next.
    """

    def __init__(self, what: str, *, given: object = None, allowed: object = None, hint: str | None = None) -> None:
        self.what, self.given, self.allowed, self.hint = what, given, allowed, hint
        lines = [what]
        if given is not None:
            lines.append(f"  given:   {_text(given)}")
        if allowed is not None:
            lines.append(f"  allowed: {_text(allowed)}")
        if hint is not None:
            lines.append(f"  hint:    {hint}")
        super().__init__("\n".join(lines))

    def at(self, where: object) -> "InputError":
        """The same message, with the file or key that it is about in front."""
        return InputError(f"{where}: {self.what}", given=self.given, allowed=self.allowed, hint=self.hint)

    def advising(self, hint: str) -> "InputError":
        """The same message with another hint."""
        return InputError(self.what, given=self.given, allowed=self.allowed, hint=hint)


@contextmanager
def advice(hint: str) -> Iterator[None]:
    """Give whatever is refused inside another hint, of somebody who knows how the file or value came about."""
    try:
        yield
    except InputError as error:
        raise error.advising(hint) from error


def did_you_mean(given: str, allowed: Iterable[str]) -> str | None:
    """A hint that names what is spelled most alike, in whatever case; None where nothing is."""
    spelled: dict[str, list[str]] = {}
    for name in allowed:
        spelled.setdefault(name.lower(), []).append(name)
    close = [name for form in get_close_matches(given.lower(), list(spelled)) for name in spelled[form]]
    return f"did you mean {' or '.join(close)}?" if close else None


def _text(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(item) for item in value) or "(nothing)"
    return str(value)


def check_between(low: float, high: float = math.inf, /, **values: float) -> None:
    """Refuse numbers outside ``low`` to ``high``, and NaN and infinity.

    Raises:
        InputError: naming the first of them.
    """
    for name, value in values.items():
        if not (math.isfinite(value) and low <= value <= high):
            allowed = f"{low:g} or more" if high == math.inf else f"{low:g} to {high:g}"
            raise InputError(f"{name} is out of range", given=value, allowed=allowed)


def check_positive(**values: float | None) -> None:
    """Refuse numbers that are not above 0, and NaN and infinity; None is not given.

    Raises:
        InputError: naming the first of them.
    """
    for name, value in values.items():
        if value is not None and not 0 < value < math.inf:
            raise InputError(f"{name} must be positive", given=value, allowed="a number above 0")
