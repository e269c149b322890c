"""The words about networks of a study: finetune, extract."""

from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.files import write_bytes
from stgnn.results import (
    DataSpec,
    build_data,
    check_fine_tuned,
    keep_fine_tuned,
    keep_recipe,
    needed,
    recipe_beside,
    study_name,
)


def finetune(
    study: str,
    output: Path = Path("runs/finetuned"),
    networks: int = 8,
    budget_ms: float | None = None,
    epochs: int = 20,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.01,
    name: str | None = None,
    supernet: Path | None = None,
    data: DataSpec | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Train the favourites of a study on from inherited weights, and compare them again; the same command goes on.

    Args:
        study: Journal file, or any storage URL of Optuna.
        output: Folder of the results: each network is a checkpoint, named by its digest, and the chosen one is
            ``chosen.ckpt``.
        networks: How many: the front, then the front of all others, and so on.
        budget_ms: Largest predicted latency. The most accurate network is chosen then, otherwise the knee.
        epochs: Epochs of each.
        learning_rate: Peak learning rate.
        weight_decay: Of weights.
        name: Name of the study in it; not needed when it is the only one.
        supernet: Checkpoint of the supernet; that of the search when left out.
        data: Data module the supernet was trained on; that of the search when left out. Its batch size is used.
        seed: Seed of what training draws.

    Returns:
        A row for each network, from fast to slow: accuracy on held-out training subjects before and after. The front
        of the fine-tuned networks, and the chosen one. The report of the study shows them from then on.
    """
    from stgnn.progress import counting
    from stgnn.search.fine_tuning import FineTuning, check_share, checkpoint_of, choice, favourites, fine_tune
    from stgnn.search.study import load_evaluations, study_identity

    key, kept = study_name(study, name), "://" not in study
    if kept:
        check_fine_tuned(study, key)
    chosen = favourites(load_evaluations(study, key), networks, budget_ms)
    supernet, data = _origin(study, key, supernet, data)
    clips = build_data(data)
    checksum = check_share(supernet, study_identity(study, key), clips)
    plan, members = FineTuning(epochs, learning_rate, weight_decay, seed), [one.architecture for one in chosen]
    with counting("networks") as progress:
        scores = fine_tune(plan, members, supernet, checksum, clips, output, progress)
    rows = [
        {**one.to_dict(), "fine_tuned": score, "checkpoint": str(checkpoint_of(output, one.architecture))}
        for one, score in zip(chosen, scores, strict=True)
    ]
    found = choice(rows, budget_ms)
    best = output / "chosen.ckpt"
    write_bytes(best, Path(found["chosen"]["checkpoint"]).read_bytes())
    for path in (best, *(row["checkpoint"] for row in rows)):
        keep_recipe({"data": data}, path)
    told = {"study": str(keep_fine_tuned(study, key, checksum, rows, found))} if kept else {}
    return {"output": str(best), **told, "clips": len(clips.splits()["val"]), "rows": rows, **found}


def extract(
    study: str,
    output: Path = Path("runs/chosen.ckpt"),
    budget_ms: float | None = None,
    name: str | None = None,
    supernet: Path | None = None,
    data: DataSpec | None = None,
) -> dict[str, Any]:
    """Cut the chosen network out of the supernet: the most accurate within a budget, or the knee of the front.

    Args:
        study: Journal file, or any storage URL of Optuna.
        output: Checkpoint to write.
        budget_ms: Largest predicted latency; the knee when left out.
        name: Name of the study in it; not needed when it is the only one.
        supernet: Checkpoint of the supernet; that of the search when left out.
        data: Data module the supernet was trained on; that of the search when left out.

    Returns:
        The chosen architecture and what the study knows of it.
    """
    from stgnn.search.extract import choose
    from stgnn.search.extract import extract as write
    from stgnn.search.study import load_evaluations, study_identity

    key = study_name(study, name)
    chosen = choose(load_evaluations(study, key), budget_ms)
    supernet, data = _origin(study, key, supernet, data)
    write(supernet, chosen.architecture, output, build_data(data), study_identity(study, key))
    keep_recipe({"data": data}, output)
    return {"output": str(output), **chosen.to_dict()}


def _origin(study: str, name: str, supernet: Path | None, data: DataSpec | None) -> tuple[Path, DataSpec]:
    """The supernet and the data of a study: as given, or as its recipe names them.

    Raises:
        InputError: neither says it, or the supernet that the recipe names is not there.
    """
    from stgnn.search.study import RANDOM_SUFFIX

    recipe = recipe_beside(study, name.removesuffix(RANDOM_SUFFIX))  # random search beside it has no recipe of its own
    if supernet is None:
        supernet = Path(needed(recipe, "supernet", f"the study {study}"))
        if not supernet.exists():
            hint = "run it in the folder of the search, where its recipe's paths begin, or give --supernet and --data"
            raise InputError("the supernet that the recipe of the study names is not there", given=supernet, hint=hint)
    return supernet, data or needed(recipe, "data", f"the study {study}")
