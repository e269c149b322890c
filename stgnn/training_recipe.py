"""What a recipe of ``fit``, ``validate``, ``test`` and ``predict`` may hold, known without importing Lightning."""

import ast

from stgnn.recipe_check import UNKNOWN, RecipeChecker
from stgnn.signatures import Catalog, Parameter, Signature, function_signature, trainer_file

TRAINING_WORDS = {
    "fit": "train or fine-tune: task + data module + Trainer",
    "validate": "score the clips held out of the training subjects",
    "test": "score the test split, once, for the final table",
    "predict": "class probabilities of every clip, as a CSV file",
}
LINKED = frozenset({"layout", "class_names"})  # filled in from the data module


def check_training(values: dict[str, object], word: str, catalog: Catalog) -> None:
    """Refuse a bad recipe of a training word.

    Raises:
        InputError: naming the key and what is allowed.
    """
    signature = training_signature(word)
    checker = RecipeChecker(catalog, LINKED, word)
    checker.check_arguments({key: UNKNOWN if key == "trainer" else values[key] for key in values}, signature, "")
    checker.check_arguments(values.get("trainer", {}), trainer_signature(), "trainer")


def training_signature(word: str) -> Signature:
    """The outermost keys: classes, and the arguments of the Trainer's method."""
    method = function_signature(trainer_file(), word, owner="Trainer")
    skipped = ("model", "train_dataloaders", "val_dataloaders", "dataloaders", "datamodule", "verbose")
    own = (
        Parameter("model", ast.Name("BaseTask"), required=True),
        Parameter("data", ast.Name("SkeletonDataModule"), required=True),
        Parameter("trainer", None, required=False),
        Parameter("seed_everything", _parse("bool | int"), required=False),
    )
    return Signature(word, (*own, *method.without(*skipped).parameters))


def trainer_signature() -> Signature:
    """The constructor of Lightning's Trainer."""
    return function_signature(trainer_file(), "__init__", owner="Trainer")


def training_help(word: str, catalog: Catalog) -> str:
    """Keys, tasks and data modules, as they stand in the source."""
    lines = [f"usage: stgnn {word} --config RECIPE.yaml [--config OVERLAY.yaml ...] [--key value ...]", ""]
    lines += [f"{TRAINING_WORDS[word]}", "", "keys:"]
    lines += [f"  {parameter.name:<22}{_kind(parameter)}" for parameter in training_signature(word).parameters]
    for title, base in (("model", "BaseTask"), ("data", "SkeletonDataModule")):
        for name in catalog.subclasses(base):
            lines += ["", f"{title}: {{class_path: {name}, init_args: ...}}"]
            parameters = [p for p in catalog.signature(name).parameters if not (title == "model" and p.name in LINKED)]
            lines += [f"  {p.name:<22}{_kind(p)}{'   (required)' if p.required else ''}" for p in parameters]
    lines += ["", "trainer:", *(f"  {p.name:<34}{_kind(p)}" for p in trainer_signature().parameters)]
    return "\n".join(lines)


def _kind(parameter: Parameter) -> str:
    return "" if parameter.annotation is None else ast.unparse(parameter.annotation)


def _parse(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
