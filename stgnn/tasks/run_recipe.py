"""The recipe of a training as the parser read it, and its copy beside the results."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import jsonargparse
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, SaveConfigCallback

from stgnn.files import write_text
from stgnn.tasks.base import run_folder
from stgnn.tasks.continuing import RECIPE

Text = Callable[[Mapping[str, Any]], str]  # a recipe as YAML, with what the files hold that it names


class RecipeCallback(SaveConfigCallback):
    """Saves the recipe of the run beside its results, whichever logger it has.

    Args:
        parser: What parsed the command line.
        config: What it has parsed.
        text: Writes a recipe out.
    """

    def __init__(self, parser: LightningArgumentParser, config: jsonargparse.Namespace, text: Text) -> None:
        super().__init__(parser, config, save_to_log_dir=False)
        self.text = text

    def save_config(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write ``recipe.yaml``."""
        folder = run_folder(trainer)
        if folder is not None:
            header = "".join(f"# {line}\n" for line in self.parser.dump_header or ())
            write_text(folder / RECIPE, header + self.text(parsed_recipe(self.parser, self.config)))


def parsed_recipe(parser: LightningArgumentParser, config: jsonargparse.Namespace) -> dict[str, Any]:
    """What the parser has parsed, as plain data."""
    dumped = json.loads(parser.dump(config, format="json", skip_unset=False))
    return dict(_as_parsed(dumped, config.as_dict()))


def _as_parsed(dumped: Any, parsed: Any) -> Any:
    """What the parser dumps, with texts and mappings as it parsed them: it writes a mapping as a text where the type
    allows either, and some texts as numbers.
    """
    if isinstance(dumped, dict) and isinstance(parsed, dict):
        return {key: _as_parsed(value, parsed[key]) for key, value in dumped.items()}
    if isinstance(dumped, list) and isinstance(parsed, list):
        return [_as_parsed(*pair) for pair in zip(dumped, parsed, strict=True)]
    return parsed if type(parsed) in (str, dict) else dumped
