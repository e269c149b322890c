"""Who may import whom. Each rule names itself when it is broken."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stgnn

ROOT = Path(stgnn.__path__[0])
LAYERS = (
    {"errors", "allocator", "ranking", "annotations", "signatures"},
    {"registry", "files", "progress"},
    {"skeleton"},
    {"space"},
    {"data", "operators"},  # these two do not meet
    {"networks"},
    {"runtimes"},
    {"latency"},
    {"tasks"},
    {"search"},
    {"recipe"},
    {"results", "recipe_check"},
    {"report", "training_recipe", "command_line", "listing"},
    {"quickstart", "display", "testing", "words"},
    {"commands"},
    {"cli"},
    {"__main__"},
)
LEVEL = {folder: level for level, layer in enumerate(LAYERS) for folder in layer}
ONLY = {
    "lightning": ("data/datamodule.py", "tasks/", "quickstart/"),
    "optuna": ("search/", "testing/"),
    "pytorch_lightning": (),  # a second copy of every class of `lightning`
    "wandb": (),  # a recipe names the logger
}
LIGHT = ("cli", "latency", "registry", "runtimes", "search", "skeleton", "space", "tasks", "testing")
HEAVY = ("torch", "lightning", "optuna", "onnx", "onnxruntime")


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} line {node.lineno}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def folder(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


MODULES = sorted(set(ROOT.rglob("*.py")) - {ROOT / "__init__.py"})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_layers(path: Path) -> None:
    here = folder(path)
    for module in imports(path):
        package, _, rest = module.partition(".")
        there = rest.partition(".")[0]
        if package == "stgnn" and there not in (here, "__version__"):
            order = " < ".join(map("|".join, LAYERS))
            assert LEVEL[there] < LEVEL[here], (
                f"imports {module}; a module imports from its own folder or from folders to its left: {order}"
            )
        homes = ONLY.get(package)
        where = str(path.relative_to(ROOT))
        assert homes is None or where.startswith(homes), f"imports {package}; only {', '.join(homes) or 'nothing'} may"


def test_the_written_law_is_the_tested_one() -> None:
    written = (
        (ROOT.parent / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("to its left:")[2].partition("`.")[0]
    )
    layers = [{*layer.replace(" ", "").split("|")} for layer in written.strip("\n `").replace("\n", " ").split("<")]
    assert layers == [*LAYERS[:-1]]


def test_light_modules_import_nothing_heavy() -> None:
    listing = "; ".join(f"import stgnn.{name}" for name in LIGHT)
    check = f"import sys; {listing}; print(*[name for name in {HEAVY} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout.split()
    assert not loaded, (
        f"importing {', '.join(LIGHT)} must not import {', '.join(loaded)}: help and refusals would take seconds"
    )
