"""Recipes: inclusion, order, and messages."""

from pathlib import Path

import pytest

from stgnn.errors import InputError
from stgnn.recipe import dump_recipe, load_recipe, load_recipes, merge, parse_yaml, resolved_text


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_file_name_is_replaced_by_what_it_holds_relative_to_the_including_file(tmp_path: Path) -> None:
    write(
        tmp_path, fit__a="data: ../data/b.yaml\nspace: ../space/s.yaml\n", data__b="inner: [c.yaml, 2]", data__c="x: 1"
    )
    write(tmp_path, space__s="# a name alone\ntiny\n")
    assert load_recipe(tmp_path / "fit/a.yaml") == {"data": {"inner": [{"x": 1}, 2]}, "space": "tiny"}


def test_include_takes_a_mapping_and_the_keys_beside_it_override(tmp_path: Path) -> None:
    write(
        tmp_path,
        base="class_path: D\ninit_args: {frames: 32, store: s}\n",
        a="data:\n  include: base.yaml\n  init_args: {frames: 20}\n",
    )
    assert load_recipe(tmp_path / "a.yaml") == {"data": {"class_path": "D", "init_args": {"frames": 20, "store": "s"}}}


def test_a_later_recipe_overrides_and_another_class_drops_arguments(tmp_path: Path) -> None:
    write(tmp_path, a="data: {class_path: A, init_args: {x: 1}}\ntrainer: {max_epochs: 5, devices: 1}\n")
    write(tmp_path, b="data: {class_path: B}\ntrainer: {max_epochs: 7}\n")
    merged = load_recipes([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert merged == {"data": {"class_path": "B"}, "trainer": {"max_epochs": 7, "devices": 1}}


def test_a_class_name_alone_may_be_given_arguments_later() -> None:
    assert merge({"s": "NSGA2"}, {"s": {"init_args": {"population": 9}}}) == {
        "s": {"class_path": "NSGA2", "init_args": {"population": 9}}
    }
    assert merge({"s": {"class_path": "A", "init_args": {"x": 1}}}, {"s": {"init_args": {"y": 2}}})["s"][
        "init_args"
    ] == {"x": 1, "y": 2}


def test_numbers_in_scientific_notation_are_numbers() -> None:
    assert parse_yaml("{a: 1e-3, b: 5.0e-4, c: 1e, d: e1}") == {"a": 1e-3, "b": 5e-4, "c": "1e", "d": "e1"}


@pytest.mark.parametrize("text", ["2026-11-20", "2026-13-45", "2026-11-20 10:00:00"])
def test_a_date_is_a_text(text: str) -> None:
    assert parse_yaml(f"version: {text}") == {"version": text}


@pytest.mark.parametrize("text", ["1e3", "2", "2026-11-20", "yes", "null", "1.5", "-.5e-3"])
def test_a_text_is_written_so_that_it_stays_one(text: str, tmp_path: Path) -> None:
    dump_recipe({"name": text}, tmp_path / "r.yaml", header=["made by a test"])
    assert load_recipe(tmp_path / "r.yaml") == {"name": text}
    assert (tmp_path / "r.yaml").read_text().startswith("# made by a test\n")


def test_names_of_files_are_resolved_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, space__own="include: base.yaml\nframes: 8", space__base="name: base")
    monkeypatch.chdir(tmp_path)
    given = {"model": {"space": "space/own.yaml", "others": ["space/base.yaml", "missing.yaml", 3]}}
    wanted = {"model": {"space": {"name": "base", "frames": 8}, "others": [{"name": "base"}, "missing.yaml", 3]}}
    assert parse_yaml(resolved_text(given)) == wanted


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    recipe = {"data": {"class_path": "D", "init_args": {"store": "data/x"}}, "trials": 3, "budget_ms": None}
    dump_recipe(recipe, tmp_path / "deep" / "r.yaml")
    assert load_recipe(tmp_path / "deep" / "r.yaml") == recipe


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data: missing.yaml", "includes a file that is not there"),
        ("data: a.yaml", "includes itself"),
        ("just words", "must be a mapping"),
        ("a: [1", "is not YAML"),
        ("a: 0b_", "is not YAML"),
        ("data: {include: name.yaml}", "holds a mapping"),
    ],
)
def test_wrong_recipes(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, a=text, name="tiny")
    with pytest.raises(InputError, match=message):
        load_recipe(tmp_path / "a.yaml")


def test_a_missing_recipe_lists_close_names(tmp_path: Path) -> None:
    write(tmp_path, supernet="a: 1")
    with pytest.raises(InputError, match=r"supernet\.yaml"):
        load_recipe(tmp_path / "supernett.yaml")
