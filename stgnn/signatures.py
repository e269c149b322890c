"""What classes and functions accept, read from their source without importing it.

A recipe with a misspelt key should be refused at once, but importing the classes that it names (torch, Lightning) takes
seconds. Their constructors stand in files, so the files are read instead::

    catalog = Catalog.of_project()
    catalog.subclasses("BaseTask")                       # ("AdaSGNTask", "ClassificationTask", ...)
    catalog.signature("SupernetTask").names              # ("space", "layout", ...)
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
PLUGINS = "stgnn.plugins"  # the entry-point group
_CLASS = re.compile(r"^class\s+(\w+)\s*(?:\(([^)]*)\))?\s*:", re.MULTILINE)
_ROLE = re.compile(r":\w+:`~?([^`]*)`")


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, its annotation as syntax (None: not annotated), and whether it must be given."""

    name: str
    annotation: ast.expr | None
    required: bool


@dataclass(frozen=True)
class Signature:
    """The parameters of a constructor or function; ``open`` says that it takes any keyword besides."""

    owner: str
    parameters: tuple[Parameter, ...]
    open: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The parameter names in order."""
        return tuple(parameter.name for parameter in self.parameters)

    def __getitem__(self, name: str) -> Parameter:
        """The parameter called ``name``."""
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def without(self, *names: str) -> "Signature":
        """The same signature without some parameters."""
        return Signature(self.owner, tuple(p for p in self.parameters if p.name not in names), self.open)

    def with_annotation(self, alias: str, meaning: str) -> "Signature":
        """The same signature with the annotation ``alias`` read as ``meaning``."""

        def read(node: ast.expr | None) -> ast.expr | None:
            if node is None:
                return None
            return ast.parse(re.sub(rf"\b{alias}\b", meaning, ast.unparse(node)), mode="eval").body

        parameters = tuple(Parameter(p.name, read(p.annotation), p.required) for p in self.parameters)
        return Signature(self.owner, parameters, self.open)


@dataclass(frozen=True)
class Catalog:
    """Classes by name: the file that defines each, and the names of its bases."""

    files: Mapping[str, Path]
    bases: Mapping[str, tuple[str, ...]]

    @classmethod
    def of_project(cls) -> "Catalog":
        """The classes of this package and of the installed plugins."""
        return cls.of_files([*sorted(PACKAGE.rglob("*.py")), *plugin_files()])

    @classmethod
    def of_files(cls, paths: Iterable[Path]) -> "Catalog":
        """The classes at the outermost level of some files."""
        files: dict[str, Path] = {}
        bases: dict[str, tuple[str, ...]] = {}
        for path in paths:
            for name, listed in _CLASS.findall(path.read_text(encoding="utf-8")):
                files.setdefault(name, path)
                bases.setdefault(name, tuple(re.findall(r"(?:\w+\.)*(\w+)(?:\[[^\]]*\])?", listed)))
        return cls(files, bases)

    def subclasses(self, base: str) -> tuple[str, ...]:
        """The names of the concrete classes among ``base`` and its descendants, sorted."""
        found = [name for name in self.bases if self._descends(name, base) and "ABC" not in self.bases[name]]
        return tuple(sorted(name for name in found if not name.startswith("_")))

    def _descends(self, name: str, base: str) -> bool:
        return name == base or any(self._descends(parent, base) for parent in self.bases.get(name, ()))

    def signature(self, name: str) -> Signature:
        """The constructor of the class ``name``; of its first base that has one when it has none itself."""
        node = self._tree(name)
        if any(_callee(decorator) == "dataclass" for decorator in node.decorator_list):
            return self._fields(name, node)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                return _of_arguments(name, statement.args, skip_first=True)
        known = [base for base in self.bases[name] if base in self.files]
        return Signature(name, self.signature(known[0]).parameters) if known else Signature(name, ())

    def _fields(self, name: str, node: ast.ClassDef) -> Signature:
        inherited = [p for base in self.bases[name] if base in self.files for p in self.signature(base).parameters]
        own = [
            Parameter(statement.target.id, statement.annotation, statement.value is None)
            for statement in node.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
            if "ClassVar" not in ast.dump(statement.annotation)
        ]
        return Signature(name, tuple({parameter.name: parameter for parameter in [*inherited, *own]}.values()))

    def summary(self, name: str) -> str:
        """The first paragraph of the docstring of the class ``name``, without markup; empty where there is none."""
        paragraph = (ast.get_docstring(self._tree(name)) or "").partition("\n\n")[0]
        return " ".join(_ROLE.sub(r"\1", paragraph).replace("`", "").split())

    def _tree(self, name: str) -> ast.ClassDef:
        nodes = _parse(self.files[name]).body
        return next(node for node in nodes if isinstance(node, ast.ClassDef) and node.name == name)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every class name known here."""
        return frozenset(self.files)


def function_signature(path: Path, name: str, owner: str | None = None) -> Signature:
    """The signature of a function of the file ``path``, or of the method ``name`` of its class ``owner``."""
    body: list[ast.stmt] = _parse(path).body
    if owner is not None:
        body = next(node for node in body if isinstance(node, ast.ClassDef) and node.name == owner).body
    node = next(node for node in body if isinstance(node, ast.FunctionDef) and node.name == name)
    return _of_arguments(name, node.args, skip_first=owner is not None)


def command_signature(name: str) -> Signature:
    """The signature of a function of `stgnn.commands`."""
    start = f"\ndef {name}("
    path = next(path for path in sorted((PACKAGE / "commands").glob("*.py")) if start in path.read_text("utf-8"))
    return function_signature(path, name)


def trainer_file() -> Path:
    """The source file of Lightning's Trainer, found without importing Lightning."""
    spec = find_spec("lightning")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("lightning is not installed")
    return Path(spec.origin).parent / "pytorch" / "trainer" / "trainer.py"


def plugin_files(group: str = PLUGINS) -> list[Path]:
    """The source files of the installed plugins, without those that no Python can read; see :func:`import_problem`."""
    packages = sorted({point.module.partition(".")[0] for point in entry_points(group=group)})
    return [path for package in packages for path in _sources(package) if _unreadable(path) is None]


def import_problem(module: str) -> str | None:
    """Why a module cannot be imported, as far as that is seen without importing it; None when nothing is seen.

    It may be missing, hold what no Python can read, or import what is not installed.
    """
    files = _sources(module.partition(".")[0])
    ends = tuple(f"/{module.replace('.', '/')}{end}" for end in (".py", "/__init__.py"))
    home = next((path for path in files if path.as_posix().endswith(ends)), None)
    if home is None:
        return f"there is no module {module!r}"
    if unreadable := [problem for path in files if (problem := _unreadable(path)) is not None]:
        return unreadable[0]
    missing = [name for name in _imported(home) if find_spec(name) is None]
    return f"it imports {missing[0]!r}, which is not installed" if missing else None


def _sources(package: str) -> list[Path]:
    """The source files of a package or of a single module, found without importing it."""
    spec = find_spec(package)
    if spec is None:
        return []
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    if not folders:
        return [Path(spec.origin)] if spec.origin is not None and spec.origin.endswith(".py") else []
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def _unreadable(path: Path) -> str | None:
    """Why a source file cannot be read; None when it can."""
    try:
        _parse(path)
    except (OSError, SyntaxError, ValueError) as error:
        return f"{path.name}: {error}"
    return None


def _imported(path: Path) -> list[str]:
    """The packages that a file imports whenever it is imported itself."""
    names = []
    for node in _parse(path).body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(node.module or "")
    return list(dict.fromkeys(name.partition(".")[0] for name in names))


def registered(registry: str) -> tuple[str, ...]:
    """The names of the classes decorated with ``@<registry>.register``, here and in plugins, sorted."""
    pattern = re.compile(rf"^@{registry}\.register\s*\n(?:@[^\n]*\n)*class\s+(\w+)", re.MULTILINE)
    paths = [*PACKAGE.rglob("*.py"), *plugin_files()]
    return tuple(sorted({name for path in paths for name in pattern.findall(path.read_text(encoding="utf-8"))}))


@lru_cache(maxsize=64)
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=path.name)


def _callee(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _callee(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _of_arguments(owner: str, arguments: ast.arguments, skip_first: bool) -> Signature:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = len(positional) - len(arguments.defaults)
    found = [Parameter(arg.arg, arg.annotation, index < missing) for index, arg in enumerate(positional)]
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found = found[1:] if skip_first else found
    found += [Parameter(arg.arg, arg.annotation, default is None) for arg, default in pairs]
    return Signature(owner, tuple(found), arguments.kwarg is not None)
