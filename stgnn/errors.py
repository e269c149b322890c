"""The one exception for everything a user can get wrong: what was given, what is allowed, what to do."""


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


def _text(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(item) for item in value) or "(nothing)"
    return str(value)
