"""The words about AdaSGN: its two-stage training, and the fusion of streams."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stgnn.errors import InputError
from stgnn.results import DataSpec, build_data, study_name

if TYPE_CHECKING:
    from stgnn.tasks.sgn_supernet import SGNSupernet

COUNT = 6  # members of a front that become actions, unless told otherwise


def adasgn(
    data: DataSpec,
    joints: Sequence[int] = (),
    output: Path = Path("runs/adasgn"),
    sizes: Sequence[str] = ("small", "big"),
    supernet: Path | None = None,
    actions: Sequence[str] = (),
    study: str | None = None,
    name: str | None = None,
    count: int | None = None,
    stream: str | None = None,
    width: int | None = None,
    policies: Sequence[str] = ("conv",),
    alphas: Sequence[float] = (4.0,),
    alpha_warmup: int = 5,
    scope: Literal["frame", "clip"] = "frame",
    skip: bool = False,
    cost: Literal["gflops", "macs", "milliseconds"] = "gflops",
    measure: bool = False,
    pretrain: bool = True,
    single_epochs: int = 120,
    epochs: int = 120,
    frozen_epochs: int = 30,
    frozen: Literal["auto", "branches", "matrices", "nothing"] = "auto",
    favour_dearest: bool = False,
    learning_rate: float = 1e-3,
    weight_decay: float = 1e-4,
    milestones: Sequence[float] = (0.5, 0.75, 0.9167),
    authors: Sequence[Literal["z_in_radians", "drawn_at_evaluation", "moving_norms"]] = (),
    precision: Literal["32-true", "bf16-mixed"] = "32-true",
    seed: int = 0,
) -> dict[str, Any]:
    """Train AdaSGN in two stages: single models, then the policy; the same command goes on after a stop.

    Args:
        data: Data module; its frames are those of the networks (the paper's: 20).
        joints: Joint counts to choose from; 0 stands for every joint.
        output: Folder of the results.
        sizes: Module sizes to choose from, the cheaper first.
        supernet: Checkpoint of a supernet of SGN. The single models are cut out of it instead of trained; they are
            chosen by actions or by study instead of joints and sizes.
        actions: Actions by name, such as w32-64-128-9, the cheapest first.
        study: Study over the supernet; members of its front become the actions.
        name: Name of the study; not needed when it is the only one.
        count: How many members, at even steps of the logarithm of the latency; 6 when not given.
        stream: joint, bone, joint_motion or bone_motion; left out: that of the supernet, else joint.
        width: Width of the networks, a quarter of the features of a frame; left out: that of the supernet, else 64.
        policies: Policies to train: conv, deep_conv, lstm, attention, and the controls random and fuse.
        alphas: Weights of the efficiency loss; each gives a network.
        alpha_warmup: Epochs over which alpha rises from 0.
        scope: Whether every frame has its action, or every clip.
        skip: Whether a frame may be left out.
        cost: What the efficiency loss counts; gflops, counted as the authors do, are unknown of lstm and attention.
        measure: Whether actions are timed on this device, as they are for milliseconds; also when all else is done.
        pretrain: Whether single models are trained first.
        single_epochs: Epochs of the single models.
        epochs: Epochs of each policy.
        frozen_epochs: First epochs of each stage in which parts are not trained: the joint matrices, and in the second
            stage what `frozen` names.
        frozen: What is not trained in these epochs of the second stage; auto: branches if they are pretrained,
            otherwise joint matrices.
        favour_dearest: Whether the policy starts by taking the most expensive action.
        learning_rate: Learning rate of Adam.
        weight_decay: L2 loss on the weights.
        milestones: Where the learning rate falls to a tenth: shares of a run below 1, epochs from 1 on.
        authors: Mistakes of the authors' code to reproduce: turns about z by degrees that are taken for radians
            (z_in_radians), actions drawn at evaluation, too, batch norms of frozen branches that move.
        precision: Of the training; bf16-mixed where the processor multiplies bfloat16 fast.
        seed: Seed of everything but the data.

    Returns:
        What ``summary.json`` holds: accuracy, costs and usage of every network; and the page.
    """
    from stgnn.report.adaptive import drawn_clips, write_adaptive_page
    from stgnn.tasks.sgn_supernet import SGNSupernet
    from stgnn.tasks.two_stage import run
    from stgnn.tasks.two_stage_plan import TwoStages

    _check_choice(supernet, {"actions": actions, "study": study, "name": name, "count": count})
    plan = TwoStages(
        joints=tuple(joints),
        sizes=tuple(sizes),
        stream=TwoStages.stream if stream is None else stream,
        width=TwoStages.width if width is None else width,
        policies=tuple(policies),
        alphas=tuple(alphas),
        alpha_warmup=alpha_warmup,
        scope=scope,
        skip=skip,
        cost=cost,
        pretrain=pretrain,
        single_epochs=single_epochs,
        epochs=epochs,
        frozen_epochs=frozen_epochs,
        frozen=frozen,
        favour_dearest=favour_dearest,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        milestones=tuple(milestones),
        authors=tuple(authors),
        precision=precision,
        seed=seed,
    )
    clips, slices = build_data(data), None
    if supernet is not None:
        slices = SGNSupernet.load(supernet)
        if study is not None:
            actions = _of_front(study, name, COUNT if count is None else count, slices, clips.layout.num_joints)
        plan = replace(
            plan,
            actions=tuple(actions),
            supernet=supernet,
            stream=slices.space.stream if stream is None else stream,
            width=slices.width if width is None else width,
        )
    summary = run(plan, clips, output, measure, supernet=slices)
    page = write_adaptive_page(output / "adaptive.html", summary, drawn_clips(summary, output, clips))
    return {**summary, "page": str(page)}


def _check_choice(supernet: Path | None, choice: Mapping[str, Any]) -> None:
    """Refuse ways to choose slices of a supernet where there is none, and two ways at once.

    Args:
        supernet: The supernet.
        choice: ``actions``, ``study``, ``name`` and ``count`` as they were given.
    """
    given = [name for name, value in choice.items() if value not in (None, (), [])]
    if supernet is None and given:
        hint = "give --supernet, or leave these out and give joints and sizes"
        raise InputError("only slices of a supernet are chosen so", given=given, hint=hint)
    if supernet is not None and not {"actions", "study"} & set(given):
        raise InputError("a supernet has many actions", hint="name some with --actions, or give --study to choose from")
    if {"actions", "study"} <= set(given):
        hint = "leave one of them out; --study null takes back what a recipe says"
        raise InputError("actions are given by name, or chosen from a study", given=given, hint=hint)


def _of_front(study: str, name: str | None, count: int, supernet: "SGNSupernet", num_joints: int) -> list[str]:
    """The actions that members of the front of a study over a supernet become.

    Raises:
        InputError: the study was made with another supernet, or its front has no two members.
    """
    from stgnn.search.extract import check_made_with, spread
    from stgnn.search.study import load_evaluations, study_identity
    from stgnn.space import SGNArchitecture

    name = study_name(study, name)
    check_made_with(supernet.module, study_identity(study, name), supernet.path)
    members = [one.architecture for one in spread(load_evaluations(study, name), count)]
    if foreign := [one for one in members if not supernet.space.contains(one)]:
        raise InputError(
            f"the supernet {supernet.path} does not hold what the study {name!r} found",
            given=foreign[0],
            allowed=f"architectures of the space {supernet.space.name!r}",
            hint="give the supernet that the study was made with",
        )
    return [one.action(num_joints) for one in members if isinstance(one, SGNArchitecture)]


def fuse(
    predictions: Sequence[Path],
    output: Path = Path("runs/fused.csv"),
    weights: Literal["equal", "authors", "fitted"] | Sequence[float] = "equal",
) -> dict[str, Any]:
    """Average the predictions of several networks, clip by clip.

    Args:
        predictions: Tables that predict or adasgn wrote, such as those of the streams joint, bone and joint_motion.
        output: Table to write, of the same form.
        weights: equal; authors (3:3:1 for joint, bone, motion, on logits); fitted (on the validation clips); or
            one number for each.

    Returns:
        The weights, and the accuracy of each network and of all together.
    """
    from stgnn.files import check_output
    from stgnn.tasks.fusion import fuse as average
    from stgnn.tasks.fusion import read_predictions, write_fused

    check_output(output)
    if output.resolve() in [path.resolve() for path in predictions]:
        raise InputError("the output would replace one of the predictions", given=output, hint="name another --output")
    streams = [read_predictions(path) for path in predictions]
    fused, numbers = average(streams, weights)
    write_fused(fused, output)
    named = {**{str(path): one for path, one in zip(predictions, streams, strict=True)}, "fused": fused}
    accuracy = {name: {split: one.accuracy(split) for split in ("val", "test")} for name, one in named.items()}
    return {"output": str(output), "weights": numbers, "accuracy": accuracy}
