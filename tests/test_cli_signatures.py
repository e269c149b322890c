"""Signatures read from source agree with those of the imported classes."""

import ast
import inspect
from pathlib import Path

import pytest

from stgnn.errors import InputError
from stgnn.recipe_check import UNKNOWN, RecipeChecker
from stgnn.signatures import Catalog, Signature, function_signature, registered
from stgnn.training_recipe import trainer_signature, training_signature

SOURCE = """
from dataclasses import dataclass
class Base(ABC): ...
class Middle(Base):
    def __init__(self, count: int, names: list[str], *, rate: float = 0.1, mode: Literal["a", "b"] = "a") -> None: ...
class Leaf(Middle): ...
class Other(Base):
    def __init__(self, inner: Base | None = None, **rest: int) -> None: ...
@dataclass(frozen=True)
class Data(Base):
    size: int
    share: float | None = None
class _Hidden(Base): ...
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    (tmp_path / "source.py").write_text(SOURCE)
    return Catalog.of_files([tmp_path / "source.py"])


def test_subclasses_are_concrete_and_public(catalog: Catalog) -> None:
    assert catalog.subclasses("Base") == ("Data", "Leaf", "Middle", "Other")


def test_constructors_are_inherited(catalog: Catalog) -> None:
    assert catalog.signature("Leaf").names == ("count", "names", "rate", "mode")
    assert [p.required for p in catalog.signature("Leaf").parameters] == [True, True, False, False]
    assert catalog.signature("Other").open
    assert [(p.name, p.required) for p in catalog.signature("Data").parameters] == [("size", True), ("share", False)]


@pytest.mark.parametrize("name", ["ClassificationTask", "SupernetTask", "SkeletonDataModule", "SyntheticDataModule"])
def test_agrees_with_inspect(name: str) -> None:
    import stgnn.data.datamodule
    import stgnn.tasks

    home = stgnn.tasks if name.endswith("Task") else stgnn.data.datamodule
    parameters = inspect.signature(getattr(home, name)).parameters.values()
    read = Catalog.of_project().signature(name)
    assert read.names == tuple(parameter.name for parameter in parameters)
    assert [p.required for p in read.parameters] == [p.default is inspect.Parameter.empty for p in parameters]


def test_agrees_with_lightning() -> None:
    from lightning.pytorch import Trainer

    assert set(trainer_signature().names) == set(inspect.signature(Trainer).parameters)
    assert {"model", "data", "trainer", "seed_everything", "ckpt_path"} <= set(training_signature("fit").names)


@pytest.mark.parametrize(
    ("registry", "home"),
    [
        ("OPERATORS", "stgnn.operators"),
        ("LATENCY_MODELS", "stgnn.latency"),
        ("SEARCH_STRATEGIES", "stgnn.search"),
        ("RUNTIMES", "stgnn.runtimes"),
    ],
)
def test_registered_names_agree_with_the_registries(registry: str, home: str) -> None:
    from importlib import import_module

    from stgnn.registry import load_plugins

    load_plugins()
    assert list(registered(registry)) == sorted(getattr(import_module(home), registry))


GOOD = {"count": 1, "names": ["x"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({**GOOD, "cuont": 1}, "unknown key 'm.cuont'(.|\n)*did you mean count"),
        ({"count": 1}, "missing m.names"),
        ({**GOOD, "count": "three"}, "wrong type for 'm.count'"),
        ({**GOOD, "count": True}, "wrong type for 'm.count'"),
        ({**GOOD, "rate": [1]}, "wrong type for 'm.rate'"),
        ({**GOOD, "mode": "c"}, "wrong type for 'm.mode'"),
        ({**GOOD, "names": "x"}, "wrong type for 'm.names'"),
        ({**GOOD, "names": [1]}, r"wrong type for 'm.names\[0\]'"),
        ("text", "must hold keys and values"),
    ],
)
def test_wrong_arguments(catalog: Catalog, arguments: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        RecipeChecker(catalog).check_arguments(arguments, catalog.signature("Leaf"), "m")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Lead", "there is no class 'Lead' here(.|\n)*did you mean Leaf"),
        ({"class_path": "Base"}, "no class 'Base'"),
        ({"class_path": "Leaf", "init_arg": {}}, "unknown key 's.init_arg'"),
        ({"init_args": {}}, "must name a class"),
        (
            {"class_path": "Other", "init_args": {"inner": {"class_path": "Data", "init_args": {"sise": 1}}}},
            r"s\.inner\.sise",
        ),
        (3, "must name a class"),
    ],
)
def test_wrong_classes(catalog: Catalog, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        RecipeChecker(catalog).check_class(value, "Base", "s")


def test_what_is_not_certain_is_let_through(catalog: Catalog) -> None:
    checker = RecipeChecker(catalog)
    checker.check_class("somewhere.else.Class", "Base", "s")
    checker.check_class({"class_path": "Other", "init_args": {"inner": None, "anything": 3}}, "Base", "s")
    checker.check_arguments({**GOOD, "rate": 1, "count": UNKNOWN}, catalog.signature("Leaf"), "m")
    for text in ("Unheard | int", "Callable[[int], str]", "Any", "Optional[_PATH]", "tuple[int, ...]", "'int'"):
        checker.check_value([1] if "tuple" in text else 1, ast.parse(text, mode="eval").body, "v")
    checker.check_value(3, None, "v")


@pytest.mark.parametrize(
    ("annotation", "values", "wrong"),
    [
        ("tuple[str, int]", ["a", 1], False),
        ("tuple[int, ...]", [1, 2], False),
        ("tuple[int, ...]", [1, "b"], True),
        ("tuple[int, int]", [1, "b"], True),
        ("tuple[()]", [], False),
    ],
)
def test_elements_of_one_kind_are_checked(catalog: Catalog, annotation: str, values: list[object], wrong: bool) -> None:
    node = ast.parse(annotation, mode="eval").body
    if wrong:
        with pytest.raises(InputError, match=r"wrong type for 'v\[1\]'"):
            RecipeChecker(catalog).check_value(values, node, "v")
    else:
        RecipeChecker(catalog).check_value(values, node, "v")


def test_functions(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def go(a: int, *, b: str = 'x') -> None: ...\n")
    signature = function_signature(tmp_path / "f.py", "go")
    assert (signature.names, signature["b"].required) == (("a", "b"), False)
    assert isinstance(signature, Signature)
    assert signature.without("a").names == ("b",)
