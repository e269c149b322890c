"""Refuse a bad recipe before anything heavy is imported: unknown keys and classes, missing keys, plainly wrong types.

Only what is certain is refused here; every value is parsed once more, strictly, by jsonargparse before work begins.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yaml import YAMLError

from stgnn.annotations import arguments_of, literals_of, name_of, options_of, spelled
from stgnn.errors import InputError, did_you_mean
from stgnn.recipe import SUFFIXES, load_here, parse_yaml
from stgnn.signatures import Catalog, Signature, registered

UNKNOWN = object()  # stands for a value that is left to the parser

_PLAIN: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
    "Path": (str,),
    "None": (type(None),),
}
_TEXTS = {"str", "Path"}
_LISTS = {"list", "List", "tuple", "Sequence", "Iterable", "set", "frozenset"}
_MAPPINGS = {"dict", "Dict", "Mapping"}
# For callers in Python; a recipe names or spells them.
_OBJECTS = {"Architecture", "BaseArchitecture", "SkeletonLayout", "Space"}


@dataclass(frozen=True)
class Flag:
    """A value given as a flag; what its text stands for depends on the type that is wanted.

    Attributes:
        text: What follows the flag; None for a switch.
    """

    text: str | None

    @property
    def value(self) -> Any:
        """The value the text stands for, unless a text is wanted."""
        if self.text is None:
            return True
        try:
            return parse_yaml(self.text)
        except (YAMLError, ValueError):
            return self.text

    def wanted_as(self, annotation: ast.expr | None) -> Any:
        """The value for something of a type: a number that can only be a text stays one, a recipe is what it holds.

        Raises:
            InputError: the recipe cannot be read.
        """
        names = {name_of(option) for option in options_of(annotation)}
        if self.text is not None and self.text.endswith(SUFFIXES) and (not names or names & (_LISTS | _MAPPINGS)):
            return load_here(self.text)
        value = self.value
        nothing = value is None and "None" in names
        plain = not nothing and not isinstance(value, (list, dict))
        return self.text if self.text is not None and plain and names & _TEXTS else value

    @property
    def is_file(self) -> bool:
        """Whether the parser will read a file for it."""
        return self.text is not None and self.text.endswith((*SUFFIXES, ".json"))

    def __repr__(self) -> str:
        return str(self.text)


@dataclass(frozen=True)
class RecipeChecker:
    """Checks values against signatures.

    Attributes:
        catalog: Where class names are looked up.
        linked: Parameters that the program fills in, which a recipe cannot give.
        word: The word of the command line whose help explains the outermost keys.
    """

    catalog: Catalog
    linked: frozenset[str] = frozenset()
    word: str = ""

    def check_arguments(self, values: Any, signature: Signature, where: str, complete: bool = True) -> None:
        """Check a mapping of arguments against a signature.

        Args:
            values: Argument values by name.
            signature: What is allowed.
            where: Key of the mapping within the recipe, for messages.
            complete: Whether every required argument must be there.

        Raises:
            InputError: naming the key and what is allowed.
        """
        if values is UNKNOWN or isinstance(values, Flag):
            return
        if not isinstance(values, Mapping):
            raise InputError(
                f"{where or 'the recipe'} must hold keys and values", given=values, allowed=signature.names
            )
        for key, value in values.items():
            name = f"{where}.{key}" if where else str(key)
            if key in signature.names:
                self.check_value(value, signature[key].annotation, name)
                check_named_data(key, value, name)
            elif not signature.open:
                raise InputError(
                    f"unknown key {name!r}", allowed=signature.names, hint=did_you_mean(str(key), signature.names)
                )
        missing = [p.name for p in signature.parameters if p.required and p.name not in values]
        if missing and complete:
            names = [f"{where}.{name}" if where else name for name in missing]
            given = f"the keys {', '.join(map(str, values))}" if values else None
            help_of = f"; stgnn {self.word} --help" if self.word else ""
            hint = f"give {' '.join(f'--{name} ...' for name in names)}, or a recipe with --config{help_of}"
            raise InputError(f"missing {', '.join(names)}", given=given, hint=hint)

    def check_class(self, value: Any, base: str, where: str) -> None:
        """Check ``Name`` or ``{class_path: Name, init_args: {...}}`` for a subclass of ``base``."""
        if value is UNKNOWN or (isinstance(value, Flag) and value.is_file):
            return
        value = value.value if isinstance(value, Flag) else value
        names = self.catalog.subclasses(base)
        spec = {"class_path": value} if isinstance(value, str) else value
        form = f"a class name, or class_path and init_args; classes: {', '.join(names)}"
        if not isinstance(spec, Mapping) or "class_path" not in spec:
            raise InputError(f"{where} must name a class", given=value, allowed=form)
        for key in spec:
            if key not in ("class_path", "init_args"):
                raise InputError(
                    f"unknown key '{where}.{key}'",
                    allowed=("class_path", "init_args"),
                    hint="arguments go under init_args",
                )
        module, _, name = str(spec["class_path"]).rpartition(".")
        if name in names:
            arguments = spec.get("init_args", {})
            self.check_arguments(arguments or {}, self.catalog.signature(name).without(*self.linked), where)
        elif not module or module.partition(".")[0] == "stgnn":
            raise InputError(f"{where}: there is no class {name!r} here", allowed=names, hint=did_you_mean(name, names))

    def check_value(self, value: Any, annotation: ast.expr | None, where: str) -> None:
        """Check one value against a type annotation; what the annotation does not settle is let through."""
        problem = self._problem(value, annotation, where)
        if problem is not None:
            raise problem

    def _problem(self, value: Any, node: ast.expr | None, where: str) -> InputError | None:
        options = options_of(node)
        if value is UNKNOWN or not options:
            return None
        problems = []
        for option in options:
            try:
                if self._fits(value, option, where):
                    return None
            except InputError as error:  # a class or a list element, wrong further down: the more precise message
                problems.append(error)
        if isinstance(value, Flag) and value.text is None:
            return InputError(f"--{where} needs a value", allowed=spelled(node))
        if problems and not isinstance(value, (int, float)):
            return problems[0]
        bare = isinstance(value, Flag) and not str(value).startswith("[")
        listed = bare and any(name_of(option) in _LISTS for option in options)
        hint = f"a list stands in brackets: --{where} [{value!r}]" if listed else None
        return InputError(f"wrong type for {where!r}", given=f"{value!r}", allowed=spelled(node), hint=hint)

    def _fits(self, value: Any, node: ast.expr, where: str) -> bool:
        name = name_of(node)
        if isinstance(value, Flag):
            if value.is_file and name in _LISTS | _MAPPINGS:
                return True
            value = value.text if name in _TEXTS and value.text is not None else value.value
        if name in _PLAIN:
            return isinstance(value, _PLAIN[name]) and (name == "bool" or not isinstance(value, bool))
        if name == "Literal" and isinstance(node, ast.Subscript):
            return value in literals_of(node)
        if name in _MAPPINGS:
            return isinstance(value, Mapping)
        if name in _LISTS:
            return isinstance(value, (list, tuple)) and self._elements_fit(value, node, where)
        if name in _OBJECTS:
            return False
        if name in self.catalog.names:
            self.check_class(value, name, where)
        return True

    def _elements_fit(self, values: Any, node: ast.expr, where: str) -> bool:
        if not isinstance(node, ast.Subscript):
            return True
        kinds = [kind for kind in arguments_of(node) if not (isinstance(kind, ast.Constant) and kind.value is ...)]
        if len({ast.dump(kind) for kind in kinds}) != 1:
            return True
        for index, value in enumerate(values):
            self.check_value(value, kinds[0], f"{where}[{index}]")
        return True


def check_named_data(key: str, value: Any, where: str) -> None:
    """Load a space, an architecture or a layout that a recipe names: these need nothing heavy.

    Raises:
        InputError: it does not exist or is not valid, or it names an operator that does not exist.
    """
    value = value.value if isinstance(value, Flag) else value
    if value is UNKNOWN or value is None or key not in ("space", "architecture", "layout"):
        return
    if not isinstance(value, (str, Mapping)):
        raise InputError(f"{where} must be a name, a file or a mapping", given=value)
    if key == "layout":
        from stgnn.skeleton import load_layout

        load_layout(value)
        return
    from stgnn.space import read_architecture, read_space

    named = read_space(value) if key == "space" else read_architecture(value)
    known = registered("OPERATORS")
    for name in sorted(named.operators - set(known)):
        raise InputError(f"{where}: there is no operator {name!r}", allowed=known, hint=did_you_mean(name, known))


def settled(value: Any, annotation: ast.expr | None, catalog: Catalog) -> Any:
    """Plain data of a type, with every flag in it replaced by what it stands for.

    Raises:
        InputError: a flag names a recipe that cannot be read.
    """
    if isinstance(value, Flag):
        return value.wanted_as(annotation)
    if isinstance(value, list):
        return [settled(item, None, catalog) for item in value]
    if not isinstance(value, Mapping):
        return value
    plain = {key: settled(item, None, catalog) for key, item in value.items() if key != "init_args"}
    if "init_args" in value:
        plain["init_args"] = _settled_arguments(value["init_args"], str(value.get("class_path")), catalog)
    return plain


def _settled_arguments(values: Any, class_path: str, catalog: Catalog) -> Any:
    """The arguments of a class; of one that is not known here, no types are known."""
    if not isinstance(values, Mapping):
        return values
    name = class_path.rpartition(".")[2]
    known = catalog.signature(name).parameters if name in catalog.names else ()
    wanted = {parameter.name: parameter.annotation for parameter in known}
    return {key: settled(item, wanted.get(key), catalog) for key, item in values.items()}


def class_named(node: ast.expr | None, catalog: Catalog) -> str | None:
    """The class of the project that an annotation allows, if any."""
    return next((name_of(option) for option in options_of(node) if name_of(option) in catalog.names), None)
