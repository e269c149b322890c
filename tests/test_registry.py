from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from stgnn import registry
from stgnn.cli import main
from stgnn.errors import InputError
from stgnn.registry import Registry, load_plugins


def make(name: str, module: str) -> type[object]:
    return type(name, (), {"__module__": module})


def test_a_class_is_registered_under_its_name() -> None:
    shapes: Registry[object] = Registry("shape")
    circle = shapes.register(make("Circle", "a"))
    assert shapes["Circle"] is circle
    assert "Circle" in shapes and "Square" not in shapes and 3 not in shapes


def test_names_are_sorted_and_counted() -> None:
    shapes: Registry[object] = Registry("shape")
    for name in ("Square", "Circle"):
        shapes.register(make(name, "a"))
    assert (list(shapes), len(shapes)) == (["Circle", "Square"], 2)


def test_two_classes_of_one_name_are_refused_with_both_modules() -> None:
    shapes: Registry[object] = Registry("shape")
    shapes.register(make("Circle", "first_package.round"))
    with pytest.raises(InputError, match=r"second_package\.disc.*first_package\.round"):
        shapes.register(make("Circle", "second_package.disc"))
    assert shapes["Circle"].__module__ == "first_package.round"


def test_a_reloaded_module_may_register_its_class_again() -> None:
    shapes: Registry[object] = Registry("shape")
    shapes.register(make("Circle", "a"))
    again = make("Circle", "a")
    assert shapes.register(again) is shapes["Circle"] is again


def test_an_unknown_name_is_answered_with_the_closest() -> None:
    shapes: Registry[object] = Registry("shape")
    for name in ("Circle", "Square", "Ellipse"):
        shapes.register(make(name, "a"))
    with pytest.raises(InputError, match=r"no shape called 'Circel'(?s:.*)did you mean Circle\?"):
        shapes["Circel"]


def test_an_unknown_name_like_none_suggests_a_plugin() -> None:
    with pytest.raises(InputError, match="is the plugin that brings it installed"):
        Registry[object]("shape")["Zzz"]


class Distribution:
    name = "a-broken-plugin"


def test_a_plugin_that_cannot_be_imported_is_named_by_its_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="broken", value="a_module_that_does_not_exist", group="stgnn.plugins")
    vars(point).update(dist=Distribution())
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    with pytest.raises(
        InputError, match=r"(?s)'a-broken-plugin'.*a_module_that_does_not_exist.*pip uninstall a-broken-plugin"
    ):
        load_plugins()


def test_a_plugin_that_leaves_the_program_is_named_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a_leaving_plugin.py").write_text("raise SystemExit(5)")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint(name="leaving", value="a_leaving_plugin", group="stgnn.plugins")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    with pytest.raises(InputError, match=r"(?s)'leaving'.*SystemExit: 5"):
        load_plugins()


def test_plugins_are_loaded_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint(name=name, value="json", group="stgnn.plugins") for name in ("one", "two")]
    for point in points:
        vars(point).update(dist=Distribution())
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    assert load_plugins() == ("a-broken-plugin",)


def installed(folder: Path, name: str, module: str, **files: str) -> None:
    """A distribution with a plugin, as pip leaves it in a folder."""
    facts = folder / f"{name}-1.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (facts / "entry_points.txt").write_text(f"[stgnn.plugins]\n{name} = {module}\n")
    for file, text in files.items():
        path = folder / f"{file}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="latin-1")


PLUGIN = "@OPERATORS.register\nclass OwnConv(SpatialOperator):\n    'Mine.'\n"


@pytest.mark.parametrize(
    ("module", "text", "problem"),
    [
        ("nowhere_else", "", "no module 'nowhere_else'"),
        ("own_plugin.more", "", "no module 'own_plugin.more'"),
        ("cut_plugin", PLUGIN + "    def f(:\n", "cut_plugin.py: invalid syntax"),
        ("odd_plugin", "name = '\xe9'\n", "odd_plugin.py: 'utf-8' codec can't decode"),
        ("poor_plugin", "import a_library_that_is_not_there.part\n" + PLUGIN, "imports 'a_library_that_is_not_there'"),
    ],
)
def test_listing_goes_on_without_a_broken_plugin_and_says_so(
    module: str,
    text: str,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    installed(tmp_path, "own-plugin", module, **{module if text else "own_plugin": text})
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["list", "operators"]) == 0
    out, err = capsys.readouterr()
    assert "GraphConv" in out.split()
    assert "'own-plugin'" in err and problem in err and f"python -c 'import {module}'" in err
    with pytest.raises(InputError, match="'own-plugin'"):
        load_plugins()


def test_listing_is_silent_about_plugins_that_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    optional = "try:\n    import a_library_that_is_not_there\nexcept ImportError:\n    pass\n"
    installed(
        tmp_path, "own-plugin", "own_parts.deep", **{"own_parts/__init__": "", "own_parts/deep": optional + PLUGIN}
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["list", "operators"]) == 0
    out, err = capsys.readouterr()
    assert "OwnConv" in out.split() and err == ""
