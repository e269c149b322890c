"""The command line: ``stgnn COMMAND --config RECIPE.yaml [--key value ...]``.

``fit``, ``validate``, ``test`` and ``predict`` go to LightningCLI; every other word is a typed function of
:mod:`stgnn.commands`, which a notebook calls just as well. Recipes and flags are checked against signatures read from
source, so help and refusals need no torch.
"""

import contextlib
import io
import json
import os
import re
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stgnn.command_line import CommandLine, read_command_line
from stgnn.errors import InputError
from stgnn.files import DENSITIES, without_nan, wrong_path
from stgnn.listing import KINDS
from stgnn.recipe import resolved_text
from stgnn.recipe_check import RecipeChecker
from stgnn.signatures import Catalog, Signature
from stgnn.training_recipe import TRAINING_WORDS, check_training, training_help
from stgnn.words import WORDS, check_purpose, function_of, signature_of

KEEPS_RECIPE = {
    "profile": ("output", ""),
    "rank": ("output", ""),
    "search": ("study", "name"),
    "finetune": ("output", ""),
    "adasgn": ("output", ""),
    "lottery": ("output", ""),
    "sparsify": ("output", ""),
}  # result that the resolved recipe is written beside
FOUND_ERRORS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    The exit status is 0, 2 for a wrong input, 3 when a check found errors, 130 after Ctrl-C, 1 when the system fails.

    With ``STGNN_DEBUG=1`` in the environment every error comes with its traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no ± shows a question mark
    try:
        with _terminable(), _plain_warnings():
            return _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt as stop:
        said = str(stop) or "stopped; what has been written stays, and the same command continues"
        print(f"\nstgnn: {said}", file=sys.stderr)
        return 130
    except Exception as error:
        wrong, failure = _wrong_input(error), _system_failure(error)
        if (wrong is None and failure is None) or os.environ.get("STGNN_DEBUG"):
            raise
        print(f"stgnn: {wrong or failure}", file=sys.stderr)
        return 2 if wrong else 1


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Being terminated ends as Ctrl-C does: temporary files are removed, and the last line says how to go on."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings say what is the matter, not which line of which file noticed it."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_: f"stgnn: warning: {' '.join(str(message).split())}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def _wrong_input(error: BaseException | None) -> InputError | None:
    """The InputError behind an exception: the parser wraps what constructors raise."""
    first = error
    while error is not None and not isinstance(error, InputError):
        error = error.__cause__
    return wrong_path(first) if error is None and isinstance(first, OSError) else error


def _system_failure(error: Exception) -> str | None:
    """One line for an error that is nobody's mistake: a full disk, too little memory."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return f"{reason}: {error.filename}" if error.filename else f"the system reports: {reason}"
    # torch raises a RuntimeError when it gets no memory
    if isinstance(error, MemoryError) or re.search("out of memory|can't allocate memory", str(error)):
        return "there is not enough memory; ask for less at once: a smaller batch_size, fewer clips, a smaller space"
    return None


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("--help", "-h"):
        _say(_general_help())
    elif arguments[0] == "--version":
        from stgnn import __version__

        _say(__version__)
    else:
        line = read_command_line(arguments, tuple(WORDS))
        if line.word in TRAINING_WORDS:
            _train(line, Catalog.of_project())
        else:
            return _call(line, Catalog.of_project())
    return 0


def _general_help() -> str:
    width = max(map(len, WORDS)) + 2
    lines = ["usage: stgnn COMMAND [--config RECIPE.yaml ...] [--key value ...]", ""]
    lines += [f"  {word:<{width}}{text}" for word, text in WORDS.items()]
    lines += [
        "",
        "stgnn COMMAND --help lists its options. A later recipe overrides an earlier one; a flag overrides recipes.",
    ]
    return "\n".join(lines)


def _train(line: CommandLine, catalog: Catalog) -> None:
    if line.flags in (("--help",), ("-h",)):
        _say(training_help(line.word, catalog))
        return
    signature = signature_of(line.word)
    if not line.asks_help:
        check_purpose(line)
        check_training(line.merged(signature, catalog), line.word, catalog)
    if line.print_config:
        _say_recipe(line, signature, catalog)
        return
    _prepare()
    from stgnn.tasks.training import train

    with contextlib.redirect_stdout(sys.stderr):  # standard output carries the result and nothing else
        result = train(line.word, line.name, line.values, line.arguments, resolved_text)
    if result:
        _print(line, {**result, **_drawn(result)})


def _drawn(result: Mapping[str, Any]) -> dict[str, str]:
    """The picture of what a sparse run has left of its layers."""
    table = Path(result.get("results", ".")) / DENSITIES
    if "results" not in result or not table.is_file():
        return {}
    from stgnn.report.densities import draw_densities

    return {"densities": str(draw_densities(table))}


def _call(line: CommandLine, catalog: Catalog) -> int:
    function, signature = function_of(line.word), signature_of(line.word)
    if not line.asks_help:
        check_purpose(line)
        given = line.merged(signature, catalog)
        if line.word == "list" and not given:
            raise InputError("missing what to list", allowed=tuple(KINDS), hint="such as: stgnn list operators")
        RecipeChecker(catalog, word=line.word).check_arguments(given, signature, "")
        if line.print_config:
            _say_recipe(line, signature, catalog)
            return 0
        if line.word == "list":
            _tell_broken_plugins()
        elif line.word != "recipes":
            _prepare()
    arguments = _parsed(line, function, signature, catalog)
    if arguments is None:
        return 0
    from stgnn import commands

    with contextlib.redirect_stdout(sys.stderr), _recipe_kept(line, signature, catalog, arguments):
        result = getattr(commands, function)(**arguments)
    _print(line, result)
    return FOUND_ERRORS if line.word == "data check" and result["errors"] else 0


def _print(line: CommandLine, result: Any) -> None:
    from stgnn.display import shown

    _say(json.dumps(without_nan(result), indent=2, default=str) if line.json else shown(line.word, result))


def _say_recipe(line: CommandLine, signature: Signature, catalog: Catalog) -> None:
    _say(resolved_text(line.recipe(signature, catalog)).rstrip())


def _say(text: str) -> None:
    """Print to standard output, whose reader may have gone, as in ``stgnn list operators | head -1``."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _prepare() -> None:
    """What must happen before torch is imported, then the plugins."""
    from stgnn.allocator import tune_allocator
    from stgnn.registry import load_plugins

    tune_allocator()
    load_plugins()


def _tell_broken_plugins() -> None:
    """Listing imports no plugin, and does without those that cannot be read."""
    from stgnn.registry import broken_plugins

    for problem in broken_plugins():
        print(f"stgnn: {problem}", file=sys.stderr)


def _parsed(line: CommandLine, function: str, signature: Signature, catalog: Catalog) -> dict[str, Any] | None:
    """Arguments of a word's function, parsed strictly; None when the parser has printed the help that was asked for."""
    import jsonargparse

    from stgnn import commands

    lazy = [name for name in signature.names if name == "data"]
    parser = jsonargparse.ArgumentParser(
        prog=f"stgnn {line.word}", exit_on_error=False, description=WORDS[line.word], print_config=None
    )
    parser.add_argument("--config", action="config", help="a recipe; may be given several times")
    parser.add_function_arguments(getattr(commands, function), skip=set(lazy), sub_configs=True)
    if line.asks_help:
        parser.add_argument("--json", action="store_true", help="print the result for machines")
        parser.add_argument("--print_config", action="store_true", help="print recipes and flags as one recipe")
        for action in parser._actions:
            if action.metavar == "{true,false}":
                action.nargs = "?"  # shown as ``[{true,false}]``: a switch needs no value
        for name in lazy:
            parser.add_argument(f"--{name}", help="data module: class name or recipe; its arguments as --data.NAME")
    values, flags = line.without(lazy)
    try:
        parsed = parser.parse_args([*(["--config", json.dumps(values)] if values else []), *flags])
    except jsonargparse.ArgumentError as error:
        raise InputError(" ".join(str(error).split()), hint=f"stgnn {line.word} --help") from error
    except SystemExit as leave:
        if leave.code:
            raise
        return None
    built = parser.instantiate(parsed)
    plain = {name: line.plain(name, signature, catalog) for name in lazy}
    return {**{name: built[name] for name in signature.names if name not in lazy}, **plain}


def _recipe_kept(
    line: CommandLine, signature: Signature, catalog: Catalog, arguments: Mapping[str, Any]
) -> contextlib.AbstractContextManager[None]:
    """Keep the recipe of a long piece of work beside its result."""
    if line.word not in KEEPS_RECIPE:
        return contextlib.nullcontext()
    from stgnn.results import recipe_kept

    key, name = KEEPS_RECIPE[line.word]
    return recipe_kept(line.recipe(signature, catalog), arguments[key], arguments.get(name, ""))
