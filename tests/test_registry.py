from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from stgnn import registry
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
