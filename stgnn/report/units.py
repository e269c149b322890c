"""Numbers as people read them, always with their unit."""

from collections.abc import Mapping

NARROW = "\N{NO-BREAK SPACE}"  # between a number and its unit, so that a line never breaks there
DASH = "\N{EN DASH}"  # between the ends of a range
TIMES = "\N{MULTIPLICATION SIGN}"


def percent(value: float, std: float = 0.0) -> str:
    """A fraction as per cent: ``93.1 %``, or ``93.1 ± 0.8 %`` with a spread."""
    spread = f"{NARROW}±{NARROW}{100 * std:.1f}" if std > 0 else ""
    return f"{100 * value:.1f}{spread}{NARROW}%"


def milliseconds(value: float, std: float = 0.0) -> str:
    """A time with three significant digits: ``0.412 ms``, or ``0.412 ± 0.020 ms`` with a spread."""
    digits = decimals(value)
    spread = f"{NARROW}±{NARROW}{std:.{digits}f}" if std > 0 else ""
    return f"{value:.{digits}f}{spread}{NARROW}ms"


def count(value: float) -> str:
    """A count with three significant digits and the prefix k, M or G: ``41.2 k``."""
    for limit, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit * 0.9995:
            return f"{value / limit:.{decimals(value / limit)}f}{NARROW}{prefix}"
    return f"{value:.0f}"


def usage_text(usage: Mapping[str, float]) -> str:
    """What AdaSGN's frames take: ``small-1 75.0 %, big-20 25.0 %``, without what hardly any take."""
    return ", ".join(f"{name} {percent(share)}" for name, share in usage.items() if share >= 0.002)


def lengths_text(lengths: Mapping[str, float]) -> str:
    """How many frames clips have: ``30 to 80, median 57``, or one number where all are equal."""
    low, high, median = (f"{lengths[name]:g}" for name in ("min", "max", "median"))
    return low if low == high else f"{low} to {high}, median {median}"


def decimals(value: float, digits: int = 3) -> int:
    """How many decimals show ``digits`` significant digits of ``value``, at most 4."""
    places = 0
    while places < 4 and abs(value) * 10**places < 10 ** (digits - 1) * 0.9995:
        places += 1
    return places
