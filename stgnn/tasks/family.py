"""The sparse family of a trained network: pruned to several levels, each trained on for a while."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import LARGEST_SEED, InputError, check_between, check_positive
from stgnn.files import SETTINGS, read_kept, remade, write_text
from stgnn.latency.cost import count_as_is
from stgnn.latency.together import time_together
from stgnn.networks import Model, load_model, save_checkpoint
from stgnn.networks.sparsity import not_zero
from stgnn.runtimes.base import Runtime, check_threads, device_name, resolve_runtime
from stgnn.tasks.classification import ClassificationTask
from stgnn.tasks.cutting import check_classes
from stgnn.tasks.running import accuracy, check_held_out, train_quietly
from stgnn.tasks.seen import check_unseen
from stgnn.tasks.settings import claim, data_facts
from stgnn.tasks.sparse import SparseTask
from stgnn.tasks.sparse_base import NO_SPEED_UP, STRUCTURED, Granularity, Scope

WHOLE = "whole"


@dataclass(frozen=True)
class Family:
    """What is pruned, and how; see :func:`stgnn.commands.sparsify`.

    Attributes:
        levels: Shares of the scores that go.
        granularity: What a score opens or closes.
        scope: What shares a threshold; None: the usual of the granularity.
        round_to: Channels are kept in multiples of it.
        epochs: Epochs of each level: sparsity rises over the first half.
        learning_rate: Peak learning rate.
        weight_decay: Of weights.
        distillation: Share of each level's loss that comes from the given network's logits.
        seed: Seed of what training draws.
    """

    levels: tuple[float, ...] = (0.5, 0.75, 0.9)
    granularity: Granularity = "channel"
    scope: Scope | None = None
    round_to: int = 16
    epochs: int = 15
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    distillation: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_between(1, epochs=self.epochs, round_to=self.round_to)
        check_between(0, LARGEST_SEED, seed=self.seed)
        check_between(0, 1, distillation=self.distillation)
        check_positive(learning_rate=self.learning_rate)
        check_between(0, weight_decay=self.weight_decay)
        for level in self.levels:
            check_between(0, 1, levels=level)
        if not self.levels:
            raise InputError("a family needs at least one level", hint="--levels [0.5,0.75,0.9]")


def run_family(
    plan: Family,
    checkpoint: Path,
    data: SkeletonDataModule,
    output: Path,
    runtime: str | Runtime = "ONNXRuntime",
    threads: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Train what is missing of a family, and measure all of it in one session.

    Args:
        plan: What is pruned, and how.
        checkpoint: The trained network.
        data: Clips that it is trained on; accuracy is that of held-out training subjects.
        output: Folder of the results: ``sparse_0.5.ckpt`` and so on, ``family.json``.
        runtime: Runtime that the networks are timed on.
        threads: Its threads.
        progress: Called with the number of levels that are done, and of all.

    Returns:
        A row for each network, the given one first.

    Raises:
        InputError: there is no such runtime, or it has no threads; the folder holds the family of another network, of
            other settings or of other data; or the checkpoint belongs to other data.
    """
    runtime = resolve_runtime(runtime)
    check_threads(threads)
    check_held_out(data)
    _claim(plan, checkpoint, data, output)
    names = {WHOLE: 0.0, **{f"sparse_{level:g}": level for level in plan.levels}}
    rows = []
    for number, (name, level) in enumerate(names.items()):
        rows.append(_member(plan, checkpoint, data, output / f"{name}.ckpt", level))
        progress(number + 1, len(names))
    networks = {name: _finished(output / f"{name}.ckpt") for name in names}
    timings = time_together(networks, runtime, threads)
    told = {"runtime": runtime.name, "threads": threads, "device": device_name()}
    rows = [{**row, "latency_ms": timings[row["name"]].to_dict()} for row in rows]
    note = {} if plan.granularity in STRUCTURED else {"note": NO_SPEED_UP}
    write_text(
        output / "family.json", json.dumps({**told, "granularity": plan.granularity, **note, "rows": rows}, indent=1)
    )
    return rows


def _member(plan: Family, checkpoint: Path, data: SkeletonDataModule, path: Path, level: float) -> dict[str, Any]:
    """Train one level, unless it is there; the row about it."""
    result = path.with_suffix(".json")
    if result.is_file():
        return dict(read_kept(result, ("name", "sparsity", "val_top1", "parameters", "macs", "checkpoint")))
    if level:
        task = SparseTask(
            data.layout,
            data.class_names,
            init_from=checkpoint,
            teacher=checkpoint if plan.distillation else None,
            distillation=plan.distillation,
            sparsity=level,
            granularity=plan.granularity,
            scope=plan.scope,
            round_to=plan.round_to,
            ramp="cubic",
            learning_rate=plan.learning_rate,
            weight_decay=plan.weight_decay,
        )
        _check_removes(task, plan, level)
        train_quietly(task, data, plan.epochs, plan.seed)
        task.finish(path.parent, path.stem)
    else:
        whole = load_model(checkpoint)
        save_checkpoint(path, whole.module, data.class_names, whole.extra)
    row = _row(path, data, level)
    write_text(result, json.dumps(row, indent=1))
    return row


def _finished(path: Path) -> Model:
    """The network of a level, which an earlier run may have left."""
    with remade(path.with_suffix(".json")):
        return load_model(path).module


def _check_removes(task: SparseTask, plan: Family, level: float) -> None:
    """Refuse, before any training, a level that would leave everything.

    Raises:
        InputError: round_to is too large for the widths of the network.
    """
    if plan.granularity not in STRUCTURED:
        return
    before, after = (sum(one.numel() for one in net.parameters()) for net in (task.network.network, task.finished()))
    if after == before:
        hint = "give a smaller --round_to: widths are kept in multiples of it"
        raise InputError(f"nothing would be removed at level {level:g}", given=f"round_to {plan.round_to}", hint=hint)


def _row(path: Path, data: SkeletonDataModule, level: float) -> dict[str, Any]:
    task = ClassificationTask(data.layout, data.class_names, init_from=path)
    cost, network = count_as_is(task.network), task.network
    compressed = path.with_suffix(".compressed.ckpt")
    return {
        "name": path.stem,
        "sparsity": level,
        "val_top1": accuracy(task, data),
        "parameters": cost.parameters,
        "not_zero": not_zero(network),
        "macs": cost.macs,
        "bytes": (compressed if compressed.is_file() else path).stat().st_size,
        "checkpoint": str(path),
    }


def _claim(plan: Family, checkpoint: Path, data: SkeletonDataModule, output: Path) -> None:
    """Refuse a folder with another family; levels may be added to one."""
    whole = load_model(checkpoint)
    check_classes(whole.class_names, data)
    check_unseen(whole.extra, data)
    settings = {key: value for key, value in asdict(plan).items() if key != "levels"}
    settings |= {"checkpoint": sha256(Path(checkpoint).read_bytes()).hexdigest(), "data": data_facts(data)}
    claim(output / SETTINGS, settings, "a sparse family")
