"""The words about sparsity: lottery tickets, and the sparse family of a trained network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from stgnn.errors import InputError
from stgnn.results import DataSpec, build_data, check_families, data_of, keep_family, keep_recipe, study_name


def lottery(
    architecture: str | Path | Mapping[str, Any],
    data: DataSpec,
    output: Path = Path("runs/lottery"),
    epochs: int = 20,
    methods: Sequence[Literal["iterative", "iterative_late", "one_shot", "random_reinit", "random_mask"]] = (
        "iterative",
        "iterative_late",
        "one_shot",
        "random_reinit",
        "random_mask",
    ),
    final: float = 0.95,
    rate: float = 0.2,
    every: int = 3,
    rewind_epoch: int = 3,
    seeds: Sequence[int] = (0, 1, 2),
    scope: Literal["erdos_renyi", "layer", "global"] = "erdos_renyi",
    learning_rate: float = 2e-3,
    weight_decay: float = 0.01,
    test: bool = False,
    title: str = "Lottery tickets",
) -> dict[str, Any]:
    """Prune trained weights by magnitude, rewind, train again; the same command goes on, training by training.

    Args:
        architecture: The network: a shipped name, a file or plain data.
        data: Data module; its frames are those of the network.
        output: Folder of the results.
        epochs: Epochs of every training.
        methods: Iterative pruning rewound to the start or to an early epoch, pruning at once, and two controls: other
            initial weights, random masks.
        final: Share of the weights that is gone in the end.
        rate: Share of what is left that each round takes.
        every: One-shot pruning and the controls are trained after every so many rounds only, and after the last.
        rewind_epoch: Epoch whose weights `iterative_late` goes back to. Learning rate and order of the clips begin
            anew, for the epochs that are left.
        seeds: Each gives initial weights of its own.
        scope: What weights are compared with: those of their layer, where small layers stay denser (erdos_renyi) or all
            are alike (layer), or with all others (global), which empties whole layers at high sparsity.
        learning_rate: Peak learning rate.
        weight_decay: Of weights.
        test: Whether the test split is scored too, for a final table.
        title: Heading of the page.

    Returns:
        Mean accuracy of every method at every share of remaining weights, and the files.
    """
    from dataclasses import asdict

    from stgnn.progress import counting
    from stgnn.report.lottery import write_lottery
    from stgnn.tasks.lottery import averages, run_lottery
    from stgnn.tasks.lottery_plan import Lottery

    plan = Lottery(
        architecture=architecture,
        epochs=epochs,
        methods=tuple(methods),
        final=final,
        rate=rate,
        every=every,
        rewind_epoch=rewind_epoch,
        seeds=tuple(seeds),
        scope=scope,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        test=test,
    )
    with counting("trainings") as progress:
        rows = run_lottery(plan, build_data(data), output, progress)
    files = write_lottery(output, rows, title)
    return {**{kind: str(path) for kind, path in asdict(files).items()}, "rows": averages(rows)}


def sparsify(
    checkpoint: Path,
    output: Path = Path("runs/sparse"),
    data: DataSpec | None = None,
    levels: Sequence[float] = (0.5, 0.75, 0.9),
    granularity: Literal["unstructured", "block", "channel", "branch", "edge"] = "channel",
    scope: Literal["layer", "erdos_renyi", "block", "global_raw", "global_standardised"] | None = None,
    round_to: int = 16,
    epochs: int = 15,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.01,
    distillation: float = 0.0,
    runtime: str = "ONNXRuntime",
    threads: int = 1,
    study: str | None = None,
    name: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Prune a trained network to several levels, train each on, and measure them; the same command goes on.

    Args:
        checkpoint: The network, such as ``stgnn extract`` writes it.
        output: Folder of the results; each level is a checkpoint in it.
        data: Data module that it was trained on; that of the recipe beside the checkpoint when left out.
        levels: Shares of channels (or whatever the granularity names) that go.
        granularity: channel and branch make a network faster; the others only make its file smaller.
        scope: What shares a threshold; left out: erdos_renyi (small layers stay denser) for single weights,
            global_standardised for units.
        round_to: A multiple of this many channels is kept.
        epochs: Epochs of each level.
        learning_rate: Peak learning rate.
        weight_decay: Of weights.
        distillation: Share of each level's loss that comes from the given network's logits, besides the labels.
        runtime: Runtime that the networks are timed on.
        threads: Its threads.
        study: Journal file of the study that found the network: its report shows the family beside the front.
        name: Name of the study in it; not needed when it is the only one.
        seed: Seed of what training draws.

    Returns:
        A row for each network, the given one first: accuracy on held-out training subjects, size, measured latency.
    """
    from stgnn.progress import counting
    from stgnn.tasks.family import Family, run_family
    from stgnn.tasks.sparse_base import NO_SPEED_UP, STRUCTURED

    key = None if study is None else study_name(study, name)
    if study is not None and key is not None:
        check_families(study, key)
        _check_found(checkpoint, study, key)
    data = data_of(checkpoint, data)
    plan = Family(
        levels=tuple(levels),
        granularity=granularity,
        scope=scope,
        round_to=round_to,
        epochs=epochs,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        distillation=distillation,
        seed=seed,
    )
    with counting("levels") as progress:
        rows = run_family(plan, checkpoint, build_data(data), output, runtime, threads, progress)
    for row in rows:
        keep_recipe({"data": data}, row["checkpoint"])
    told: dict[str, Any] = {"output": str(output)}
    if granularity not in STRUCTURED:
        told["note"] = NO_SPEED_UP
    if study is not None and key is not None:
        told["study"] = str(keep_family(study, key, str(checkpoint), granularity, rows))
    return {**told, "rows": rows}


def _check_found(checkpoint: Path, study: str, name: str) -> None:
    """Refuse a network that is none of those that a study has evaluated: it has no place beside its front.

    Raises:
        InputError: it has another architecture, or is for another layout or number of classes.
    """
    import torch

    from stgnn.networks import Network, load_model, make_network
    from stgnn.networks.models import to_content
    from stgnn.search.study import load_evaluations, study_identity

    network = load_model(checkpoint).module
    found = [one.architecture for one in load_evaluations(study, name)]
    known = study_identity(study, name).get("layout") in (None, network.layout.digest)
    if known and isinstance(network, Network):
        known = network.architecture in found
    elif known:
        with torch.device("meta"):
            members = [to_content(make_network(one, network.layout, network.num_classes)) for one in found]
        known = to_content(network) in members
    if not known:
        hint = "leave --study out, or give a network that stgnn extract cut out of this study, fine-tuned or not"
        raise InputError(f"the study {name!r} in {study} has not found this network", given=checkpoint, hint=hint)
