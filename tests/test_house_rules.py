"""Rules of CONTRIBUTING.md that no linter knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
KINDS = ("py", "md", "yaml", "toml", "cfg", "ipynb")
FOLDERS = ("stgnn", "tests", "plugins", "recipes", "notebooks", "benchmarks")
ABSOLUTE = re.compile(r"(?<![\w.~/:<>-])/(?:home|root|work|tmp|Users|mnt|media)/\w+")


def texts() -> Iterator[tuple[str, str]]:
    """Name and content of every file that people read."""
    for kind in KINDS:
        for path in [*ROOT.glob(f"*.{kind}"), *(path for name in FOLDERS for path in (ROOT / name).rglob(f"*.{kind}"))]:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def sources() -> dict[str, str]:
    return {name: text for name, text in texts() if name.startswith("stgnn/") and name.endswith(".py")}


def test_no_file_names_an_absolute_path() -> None:
    found = {name: match.group() for name, text in texts() if (match := ABSOLUTE.search(text))}
    assert not found, "paths are relative, or arguments"


def test_files_stay_readable() -> None:
    long = {name: lines for name, text in sources().items() if (lines := len(text.splitlines())) > 350}
    assert not long, "a file beyond 350 lines is two modules"


def test_nothing_is_left_for_later() -> None:
    found = [name for name, text in sources().items() if re.search(r"\b(TODO|FIXME|XXX)\b", text)]
    assert not found, "finish it, or open an issue"


def test_every_package_says_what_it_is_for() -> None:
    files = sources()
    folders = {str(Path(name).parent) for name in files}
    silent = [one for one in folders if not ast.get_docstring(ast.parse(files.get(f"{one}/__init__.py", "")))]
    assert not silent, "a few lines of purpose and an example belong in its __init__.py"
