"""One command line taken apart: the word, its recipes, its flags."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stgnn.errors import InputError, did_you_mean
from stgnn.recipe import SUFFIXES, load_recipe, load_recipes, merge
from stgnn.recipe_check import UNKNOWN, Flag, class_named, settled
from stgnn.signatures import Catalog, Parameter, Signature

_HELP = ("--help", "-h")


@dataclass(frozen=True)
class CommandLine:
    """A command line.

    Attributes:
        word: What to do: ``fit``, ``data import``.
        recipes: The files given by ``--config``, in order.
        flags: Every other argument, as given.
        json: Whether ``--json`` was among the arguments.
        print_config: Whether ``--print_config`` was: the recipe is to be shown, not carried out.
    """

    word: str
    recipes: tuple[Path, ...]
    flags: tuple[str, ...]
    json: bool = False
    print_config: bool = False

    @cached_property
    def values(self) -> dict[str, Any]:
        """The recipes, merged, without what a flag gives anew as a whole: ``--data FILE.yaml``."""
        replaced = {key for key, text in self.pairs() if text is not None and text.endswith(SUFFIXES)}
        return {key: value for key, value in load_recipes(self.recipes).items() if key not in replaced}

    @property
    def asks_help(self) -> bool:
        """Whether the arguments only ask for an explanation."""
        return any(_asks_help(flag) for flag in self.flags)

    @property
    def name(self) -> str:
        """What a run of this command line is called: its first recipe."""
        return self.recipes[0].stem if self.recipes else self.word

    @property
    def arguments(self) -> list[str]:
        """Every flag as a parser reads it: a switch is written out."""
        return [_spelled(key, text) for key, text in self.pairs()]

    def pairs(self) -> list[tuple[str, str | None]]:
        """Flags as (key, text); the text is None for a switch, a flag without a value.

        Raises:
            InputError: an argument belongs to no flag.
        """
        found: list[tuple[str, str | None]] = []
        for flag in self.flags:
            if flag.startswith("--"):
                key, given, value = flag[2:].partition("=")
                found.append((key, value if given else None))
            elif found and found[-1][1] is None:
                found[-1] = (found[-1][0], flag)
            else:
                raise InputError(
                    f"unexpected argument {flag!r}", allowed="--config RECIPE.yaml, --key value, --json, --help"
                )
        return found

    def merged(self, signature: Signature, catalog: Catalog) -> dict[str, Any]:
        """Recipes and flags together, for checking; flags stand as :class:`~stgnn.recipe_check.Flag`."""
        return merge(self.values, flag_values(self.pairs(), signature, catalog))

    def without(self, names: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """The values and flags whose outermost key is not among ``names``."""
        values = {key: value for key, value in self.values.items() if key not in names}
        pairs = [(key, text) for key, text in self.pairs() if key.partition(".")[0] not in names]
        return values, [_spelled(key, text) for key, text in pairs]

    def recipe(self, signature: Signature, catalog: Catalog) -> dict[str, Any]:
        """Everything that is given, as plain data: the recipe that says the same without flags."""
        values = {key: self.plain(key, signature, catalog) for key in signature.names}
        return {key: value for key, value in values.items() if value is not None}

    def plain(self, name: str, signature: Signature, catalog: Catalog) -> Any:
        """The value of one key as plain data, flags included: what a recipe must hold to say the same.

        Raises:
            InputError: a flag names a recipe that cannot be read.
        """
        pairs = [(key, text) for key, text in self.pairs() if key.partition(".")[0] == name]
        over = flag_values(pairs, signature, catalog, deep=True)
        merged = merge({key: value for key, value in self.values.items() if key == name}, over)
        return settled(merged.get(name), signature[name].annotation, catalog)


def read_command_line(arguments: Sequence[str], words: Sequence[str]) -> CommandLine:
    """Find the word and the recipes.

    Raises:
        InputError: there is no such word, or ``--config`` lacks its file.
    """
    word = _word(arguments, words)
    recipes, flags = _recipes_and_flags(arguments[word.count(" ") + 1 :])
    json, print_config = "--json" in flags, "--print_config" in flags
    flags = [flag for flag in flags if flag not in ("--json", "--print_config")]
    if word == "list" and flags and not flags[0].startswith("-"):
        flags[0] = f"--kind={flags[0]}"
    return CommandLine(word, tuple(recipes), tuple(flags), json, print_config)


def _word(arguments: Sequence[str], words: Sequence[str]) -> str:
    for word in words:
        if [*arguments[: word.count(" ") + 1]] == word.split():
            return word
    beginnings = {word.partition(" ")[0] for word in words}
    given = " ".join(arguments[: 2 if arguments[0] in beginnings else 1])
    hint = did_you_mean(given, words) or "stgnn --help explains them"
    raise InputError("there is no such command", given=given, allowed=words, hint=hint)


def _recipes_and_flags(arguments: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The files given by ``--config``, and every other argument; ``--batch-size`` is spelled ``--batch_size``."""
    recipes, flags, rest = list[Path](), list[str](), iter(arguments)
    for argument in rest:
        key, equals, value = argument.partition("=")
        if key in ("--config", "-c"):
            file = value if equals else next(rest, "")
            if not file:
                raise InputError("--config needs the name of a recipe file")
            recipes.append(Path(file))
        elif key.startswith("--"):
            flags.append(f"--{key[2:].replace('-', '_')}{equals}{value}")
        else:
            flags.append(argument)
    return recipes, flags


def _asks_help(flag: str) -> bool:
    return flag in _HELP or flag.endswith(".help")


def _spelled(key: str, text: str | None) -> str:
    if text is None:
        return f"--{key}" if _asks_help(f"--{key}") else f"--{key}=true"
    return f"--{key}={text}"


def flag_values(
    pairs: Sequence[tuple[str, str | None]], signature: Signature, catalog: Catalog, deep: bool = False
) -> dict[str, Any]:
    """Flags as a nested mapping; ``--data.frames 8`` stands for ``data: {init_args: {frames: 8}}``.

    Args:
        pairs: Flags as (key, text).
        signature: The outermost keys.
        catalog: Where class names are looked up.
        deep: Whether what lies deeper than an argument of a key is told too; otherwise it is ``UNKNOWN``.
    """
    values: dict[str, Any] = {}
    for key, text in pairs:
        top, *path = key.rstrip("+").split(".")  # ``--trainer.callbacks+`` appends
        parameter = signature[top] if top in signature.names else Parameter(top, None, False)
        is_class = class_named(parameter.annotation, catalog) is not None
        value: Any = [Flag(text)] if key.endswith("+") else Flag(text)
        leaf: Any
        if is_class and text is None:
            raise InputError(f"--{key} needs a value", allowed="a class name or a recipe, or the value of its argument")
        if is_class and (not path or path == ["class_path"]):
            leaf = _class(text or "")
        elif is_class:
            path = path[1:] if path[0] == "init_args" else path
            leaf = {"init_args": _nested(path, value, deep)}
        else:
            leaf = _nested(path, value, deep)
        values = merge(values, {top: leaf})
    return values


def _class(text: str) -> dict[str, Any]:
    """A class by its name, as a recipe, or spelled out."""
    if text.endswith(SUFFIXES):
        return load_recipe(text)
    spelled = Flag(text).value
    return spelled if isinstance(spelled, dict) else {"class_path": text}


def _nested(path: Sequence[str], value: Any, deep: bool) -> Any:
    """``value`` under the keys of ``path``; what lies deeper than one key is the parser's to check."""
    if len(path) > 1 and not deep:
        return {path[0]: UNKNOWN}
    for key in reversed(path):
        value = {key: value}
    return value
