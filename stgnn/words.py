"""The words of the command line: what each does, takes, and which of them a recipe is for."""

from collections.abc import Collection

from stgnn.command_line import CommandLine
from stgnn.errors import InputError
from stgnn.recipe import load_recipe
from stgnn.signatures import Signature, command_signature
from stgnn.training_recipe import TRAINING_WORDS, training_signature

WORDS = {
    "quickstart": "the whole story on synthetic data, in minutes, no download",
    "data import": "foreign files -> a store",
    "data check": "what is in a store, and what is wrong with it",
    "data export": "a store -> the format of another tool",
    "data list": "the stores in a folder",
    **TRAINING_WORDS,
    "profile": "measure this device -> a latency file",
    "rank": "do a supernet's shared weights rank networks as training them alone does?",
    "search": "supernet + latency model + strategy -> a study",
    "report": "a study -> Pareto page, CSV, JSON",
    "finetune": "a study -> its best networks, trained on and compared again",
    "extract": "a study and a budget -> the chosen network as a checkpoint",
    "adasgn": "AdaSGN in two stages: single models, then the policy over them",
    "lottery": "prune, rewind, train again: accuracy against remaining weights",
    "sparsify": "a trained network -> smaller ones of it, pruned, trained on and measured",
    "fuse": "the predictions of several networks -> one table",
    "export": "a checkpoint -> a checked file for a runtime",
    "benchmark": "time one network on one runtime",
    "recipes": "the recipes of this package -> a folder of yours",
    "list": "what a recipe can name: operators, spaces, latency, strategies, runtimes, layouts, ...",
}


def function_of(word: str) -> str:
    """The function of :mod:`stgnn.commands` that a word calls, if it is none that trains."""
    return {"list": "list_names"}.get(word, word.replace(" ", "_"))


def signature_of(word: str) -> Signature:
    """The outermost keys of a recipe for a word.

    Functions annotate data as plain data, to import no Lightning; their class is named here.
    """
    if word in TRAINING_WORDS:
        return training_signature(word)
    return command_signature(function_of(word)).with_annotation("DataSpec", "SkeletonDataModule")


def check_purpose(line: CommandLine) -> None:
    """Refuse a recipe that was written for another word, or that is a part of recipes.

    Raises:
        InputError: the message says which word, or which flag.
    """
    own = signature_of(line.word)
    for path in line.recipes:
        keys = load_recipe(path).keys()
        if "class_path" in keys:
            hint = f"data are given with --data {path}, beside --config RECIPE.yaml"
            raise InputError("this file describes one class, not a whole recipe", given=path, hint=hint)
        if keys <= {*own.names} or (word := _meant(keys)) is None:
            continue
        raise InputError(f"this recipe is not for {line.word}", given=path, hint=f"stgnn {word} --config {path}")


def _meant(keys: Collection[str]) -> str | None:
    """The first word that takes these keys and needs no others."""
    for word in WORDS:
        signature = signature_of(word)
        needed = {parameter.name for parameter in signature.parameters if parameter.required}
        if needed <= {*keys} <= {*signature.names}:
            return word
    return None
