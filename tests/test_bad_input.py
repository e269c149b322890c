"""Whatever is wrong with the input: one message that says what was given, exit status 2, results untouched."""

import errno
import json
import os
import pickle
import random
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from stgnn.cli import main
from stgnn.data import SkeletonSequence, SkeletonStore
from stgnn.latency import DeviceFile
from stgnn.latency.device import Entry, NetworkRecord
from stgnn.latency.plan import plan
from stgnn.networks import Network, Supernet, save_checkpoint
from stgnn.runtimes import ONNXRuntime
from stgnn.runtimes.timing import Timing
from stgnn.skeleton import load_layout
from stgnn.space import load_architecture, load_space

CLASSES = ["a", "b", "c"]
LAYOUT = load_layout("kinect20")
SPACE = """
name: little
streams: [joint]
frames: [4, 8]
joints: [0]
stems: [4]
stages: [{depths: [1, 2], widths: [4, 8]}]
spatial: [JointMixer, GraphConv]
temporal: {TemporalConv: [3]}
"""
DATA = "{class_path: SkeletonDataModule, init_args: {store: store, protocol: xsub, frames: 8, batch_size: 8}}"
SEARCH = f"""
supernet: supernet.ckpt
data: {DATA}
latency: {{class_path: Calibrated, init_args: {{device: device.json}}}}
strategy: Random
trials: 3
study: study.journal
"""
FIT = f"""
model: {{class_path: SupernetTask, init_args: {{space: space.yaml, calibration_clips: 4}}}}
data: {DATA}
trainer: {{max_epochs: 1, accelerator: cpu, enable_progress_bar: false}}
"""
IMPORT = ["data", "import", "--format=npz", "--output=new"]
PROFILE = ["profile", "--space=space.yaml", "--layout=kinect20", "--classes=3"]
NEW = ["search", "--config=search.yaml", "--study=new.journal"]

Refused = Callable[..., str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good file of every kind."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, text in {"space.yaml": SPACE, "search.yaml": SEARCH, "fit.yaml": FIT}.items():
            Path(name).write_text(text)
        rng = np.random.default_rng(0)
        clips = [
            SkeletonSequence(rng.normal(size=(1, 6, 20, 3)), index % 3, LAYOUT, f"clip{index}", index // 3 % 6)
            for index in range(24)
        ]
        splits = {"xsub_train": np.arange(18), "xsub_test": np.arange(18, 24)}
        SkeletonStore.from_sequences(clips, CLASSES, splits, LAYOUT).save("store")
        space = load_space("space.yaml")
        save_checkpoint("supernet.ckpt", Supernet(space, LAYOUT, 3), CLASSES)
        device_file().save(Path("device.json"))
        assert main(["search", "--config=search.yaml"]) == 0
        assert main(["extract", "--study=study.journal", "--output=chosen.ckpt"]) == 0
        assert main(["export", "--checkpoint=chosen.ckpt"]) == 0
    return folder


def device_file() -> DeviceFile:
    """What measuring an imaginary device gives."""
    space = load_space("space.yaml")
    blank = DeviceFile.begin(ONNXRuntime(), LAYOUT, 3, threads=1, space=f"{space.name}/{space.digest}", seed=0)
    entries = tuple(Entry(part, 0.01 + 1e-5 * part.frames * part.target) for part in plan(space, LAYOUT))
    drawn = dict.fromkeys(space.sample(random.Random(seed)) for seed in range(8))
    networks = tuple(NetworkRecord(one, Timing(0.2, 0.19, 0.21, 30), "calibration") for one in drawn)
    return replace(blank, entries=entries, networks=networks)


@pytest.fixture
def bad(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for what is wrong; the working directory is the good one."""
    monkeypatch.chdir(site)
    return tmp_path


@pytest.fixture
def refused(bad: Path, site: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs a command that must be refused; gives the message."""

    def check(*arguments: str | Path, status: int = 2) -> str:
        before = contents(site, bad)
        capsys.readouterr()
        assert main([str(argument) for argument in arguments]) == status
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "Traceback" not in captured.err
        assert captured.err.count("stgnn: ") == 1, captured.err
        assert contents(site, bad) == before
        return captured.err

    return check


def contents(*folders: Path) -> dict[Path, bytes]:
    """Every file of the folders."""
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def cut(source: str, target: Path, share: float = 0.6) -> Path:
    """A copy that ends too early."""
    content = Path(source).read_bytes()
    target.write_bytes(content[: int(share * len(content))])
    return target


def write(path: Path, content: object) -> Path:
    """A JSON file."""
    path.write_text(json.dumps(content))
    return path


# Data


def arrays() -> dict[str, Any]:
    """The store as the arrays of an npz file."""
    store = SkeletonStore.open("store")
    return {
        "keypoint": np.array(store.keypoints),
        "frame_offset": store.offsets,
        "label_action": store.labels,
        "label_names_action": np.array(CLASSES),
        "joint_names": np.array(LAYOUT.joints),
        **{f"split_{name}": indices for name, indices in store.splits.items()},
    }


def with_value(name: str, index: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    """Change one entry of an array."""

    def change(content: dict[str, Any]) -> None:
        content[name] = content[name].copy()
        content[name][index] = value

    return change


def with_array(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Replace an array; None removes it."""

    def change(content: dict[str, Any]) -> None:
        content.pop(name, None)
        if value is not None:
            content[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "flags", "message"),
    [
        (None, ["--layout=ntu26"], "no such layout"),
        (None, ["--layout=ntu25"], "do not match the layout 'ntu25'"),
        (with_array("joint_names", None), ["--layout=ntu25"], "do not match the layout 'ntu25'"),
        (with_array("joint_names", None), [], "say --layout NAME"),
        (
            with_value("keypoint", (9, 0, 2, 1), np.nan),
            [],
            r"the clip '\w+' are not(?s:.*)NaN or infinity in frame 3, joint 2",
        ),
        (with_value("keypoint", (9, 0, 2, 1), np.inf), [], "are not finite numbers"),
        (with_value("label_action", 5, 7), [], "allowed: 0 to 2"),
        (with_value("label_action", 5, -1), [], "out of range"),
        (with_array("split_xsub_test", np.arange(17, 24)), [], "xsub_train and xsub_test overlap"),
        (with_array("split_xsub_test", np.arange(17, 29)), [], "clips that are not there"),
        (with_array("split_xsub_test", np.array(["a"])), [], "'split_xsub_test' of .* is of the wrong kind"),
        (with_array("frame_offset", np.linspace(0, 144, 25)), [], "'frame_offset' of .* is of the wrong kind"),
        (with_array("keypoint", np.array(["a"])), [], "'keypoint' of .* is of the wrong kind"),
        (with_array("score", np.full((144, 1, 20), np.nan)), [], "scores of the clip .* not finite"),
        (with_array("joint_names", np.array("x")), [], "'joint_names' of .* is not a whole array"),
        (with_array("label_action", None), [], "needs exactly one array of labels"),
        (None, ["--output=store"], "exists already"),
        (None, ["--output=device.json", "--overwrite"], "is not replaced"),
        (None, ["--output=device.json/new"], "a file stands where a folder is needed"),
        (None, ["--format=nzp"], "did you mean npz"),
    ],
)
def test_recordings(refused: Refused, bad: Path, change: Any, flags: list[str], message: str) -> None:
    content = arrays()
    if change is not None:
        change(content)
    np.savez(bad / "source.npz", **content)
    text = refused(*IMPORT, f"--source={bad / 'source.npz'}", *flags)
    assert re.search(message, text), text


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "folder", "missing"])
def test_damaged_recordings(refused: Refused, bad: Path, damage: str) -> None:
    source = bad / "source.npz"
    np.savez(source, **arrays())
    content = bytearray(source.read_bytes())
    content[len(content) // 3] ^= 255
    if damage == "cut":
        cut(str(source), source)
    elif damage == "flipped":
        source.write_bytes(content)
    elif damage == "text":
        source.write_text("hello")
    else:
        source.unlink()
        if damage == "folder":
            source.mkdir()
    refused(*IMPORT, f"--source={source}")


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch sprung",)


def test_nothing_in_a_file_is_executed(refused: Refused, bad: Path) -> None:
    np.savez(bad / "trap.npz", **arrays() | {"label_names_action": np.array([Trap()], dtype=object)})
    assert "holds objects" in refused(*IMPORT, f"--source={bad / 'trap.npz'}")
    torch.save({"state_dict": {}, "stgnn": Trap()}, bad / "trap.ckpt")
    assert "nothing in it was executed" in refused(*NEW, f"--supernet={bad / 'trap.ckpt'}")
    (bad / "plain.ckpt").write_bytes(pickle.dumps(Trap()))
    assert "nothing in it was executed" in refused(*NEW, f"--supernet={bad / 'plain.ckpt'}")


def test_no_file_is_written_outside(bad: Path) -> None:
    source, before = bad / "deep" / "source.npz", contents(Path.cwd())
    source.parent.mkdir()
    np.savez(source, **arrays())
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr("../escaped.npy", b"x")
        archive.writestr("split_../x_train.npy", archive.read("split_xsub_train.npy"))
        archive.writestr("split_../x_test.npy", archive.read("split_xsub_test.npy"))
    main([*IMPORT, f"--source={source}", f"--output={bad / 'deep' / 'new'}"])
    assert {path.name for path in bad.iterdir()} == {"deep"}
    assert contents(Path.cwd()) == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("keypoints.npy", None, "cut off"),
        ("index.npz", None, "cut off"),
        ("store.json", None, "not the description of a store"),
        ("store.json", {"version": 9}, "store of this version"),
        ("store.json", {"bytes": 3}, "damaged"),
        ("store.json", {"layout": 3}, "damaged"),
        ("store.json", {"class_names": ["a"]}, "label of clip 1"),
    ],
)
def test_damaged_stores(refused: Refused, bad: Path, name: str, content: Any, message: str) -> None:
    store = Path(shutil.copytree("store", bad / "store"))
    if content is None:
        cut(str(store / name), store / name)
    else:
        write(store / name, json.loads((store / name).read_text()) | content)
    assert message in refused("data", "check", f"--store={store}")
    assert message in refused(*NEW, f"--data.store={store}")


def test_a_store_that_was_changed_after_its_import(bad: Path, refused: Refused) -> None:
    store = Path(shutil.copytree("store", bad / "store"))
    keypoints = np.load(store / "keypoints.npy")
    keypoints[7] = np.nan
    np.save(store / "keypoints.npy", keypoints)
    assert "not finite numbers" in refused(*NEW, f"--data.store={store}")
    index = bytearray((store / "index.npz").read_bytes())
    index[len(index) // 2] ^= 255
    (store / "index.npz").write_bytes(index)
    assert "damaged" in refused("data", "check", f"--store={store}")


# Recipes and flags


@pytest.mark.parametrize(
    ("word", "key", "meant"),
    [
        ("fit", "modell", "model"),
        ("validate", "dta", "data"),
        ("test", "trainerr", "trainer"),
        ("predict", "ckpt_pth", "ckpt_path"),
        ("quickstart", "ouput", "output"),
        ("profile", "thread", "threads"),
        ("search", "trails", "trials"),
        ("report", "studdy", "study"),
        ("extract", "budget", "budget_ms"),
        ("export", "chekpoint", "checkpoint"),
        ("benchmark", "netwrk", "network"),
        ("data import", "sorce", "source"),
        ("data check", "stre", "store"),
        ("data list", "foldr", "folder"),
        ("list", "knd", "kind"),
    ],
)
def test_a_misspelt_key(refused: Refused, bad: Path, word: str, key: str, meant: str) -> None:
    (bad / "recipe.yaml").write_text(f"{key}: 3\n")
    assert f"did you mean {meant}?" in refused(*word.split(), f"--config={bad / 'recipe.yaml'}")
    assert f"did you mean {meant}?" in refused(*word.split(), f"--{key}=3")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serch"], "did you mean search"),
        ([*NEW, "stray"], "unexpected argument 'stray'"),
        ([*NEW, "--trials"], "--trials needs a value"),
        ([*NEW, "--trials=-1"], "trials must be positive"),
        ([*NEW, "--trials=many"], "wrong type for 'trials'"),
        ([*NEW, "--budget_ms=nan"], "wrong type for 'budget_ms'"),
        ([*NEW, "--budget_ms=.nan"], "budget_ms must be positive"),
        ([*NEW, "--max_parameters=0"], "max_parameters must be positive"),
        ([*NEW, "--name="], "a study needs a name"),
        ([*NEW, "--name=a/b"], "without '/'"),
        ([*NEW, "--strategy=NSGA9"], "did you mean NSGA"),
        ([*NEW, "--strategy=NSGA2", "--strategy.mutation=7"], "mutation is out of range"),
        ([*NEW, "--strategy=TPE", "--strategy.candidates=0"], "candidates is out of range"),
        ([*NEW, "--strategy=RegularizedEvolution", "--strategy.crossover=.nan"], "crossover is out of range"),
        ([*NEW, "--latency=Roofline", "--latency.peak_gflops=.nan"], "positive peaks"),
        ([*NEW, "--data.frames=0"], "frames is out of range"),
        ([*NEW, "--data.frames=8.5"], "wrong type for 'data.frames'"),
        ([*NEW, "--data.noise=-1"], "noise is out of range"),
        ([*NEW, "--data.protocol=foo"], "no such protocol"),
        ([*NEW, "--data.val_subjects=[99]"], "have no training clips"),
        ([*NEW, "--config"], "--config needs"),
        ([*NEW, "--config=store"], "no such recipe"),
        (["benchmark", "--network=STGCN", "--threads=0"], "threads is out of range"),
        (["benchmark", "--network=STGCN", "--threads=100000"], "threads is out of range"),
        (["benchmark", "--network=STGCN", "--frames=0"], "frames is out of range"),
        (["benchmark", "--network=STGCN", "--classes=1"], "at least two classes"),
        (["benchmark", "--network=STGCN", "--layout=body"], "no such layout"),
        (["benchmark", "--network=STGCN", "--runtime=TFLite"], "no runtime called 'TFLite'"),
        (["benchmark", "--network=STGCM"], "no such architecture"),
        ([*PROFILE, "--output=new.json", "--threads=0"], "threads is out of range"),
        ([*PROFILE, "--output=new.json", "--classes=1"], "classes is out of range"),
        ([*PROFILE, "--output=new.json", "--holdout=-1"], "holdout is out of range"),
        (["export", "--checkpoint=chosen.ckpt", "--clips=0"], "clips is out of range"),
        (["fit", "--config=fit.yaml", "--model.learning_rate=.nan"], "learning_rate above 0"),
        (["fit", "--config=fit.yaml", "--model.class_names=[a]"], "unknown key 'model.class_names'"),
        (["fit", "--config=fit.yaml", "--trainer.accelerator=abacus"], "the Trainer refuses"),
        (["fit", "--config=fit.yaml", "--seed_everything=-1"], "not in bounds"),
        (["quickstart", "--output=new", "--seed=-1"], "seed is out of range"),
        (["list", "operator"], "operators"),
    ],
)
def test_wrong_flags(refused: Refused, arguments: list[str], message: str) -> None:
    assert message in refused(*arguments)


@pytest.mark.parametrize(
    "text", [b"a: [1, 2", b"- 1", b"", b"\xff\xfe", b"include: recipe.yaml", b"data: nowhere.yaml"]
)
def test_damaged_recipes(refused: Refused, bad: Path, text: bytes) -> None:
    (bad / "recipe.yaml").write_bytes(text)
    refused(*NEW, f"--config={bad / 'recipe.yaml'}")


# Spaces and architectures


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("JointMixer", "JointMixxer", "did you mean JointMixer"),
        ("TemporalConv", "TempConv", "no operator 'TempConv'"),
        ("spatial: [JointMixer", "spatial: [TemporalConv", "is not a SpatialOperator"),
        ("stems: [4]", "stems: [four]", "of the wrong kind"),
        ("stems: [4]", "stems: 4", "must be a list"),
        ("stems: [4]", "stems: []", "at least one choice"),
        ("frames: [4, 8]", "frames: [4.5]", "of the wrong kind"),
        ("joints: [0]", "joints: [30]", "does not offer all joint counts"),
        ("joints: [0]", "colour: red", "unknown key 'colour'"),
        ("joints: [0]", "", "lacks joints"),
        ("[joint]", "[velocity]", "wrong streams"),
        ("temporal: {TemporalConv: [3]}", "temporal: {Temp", "YAML"),
    ],
)
def test_wrong_spaces(refused: Refused, bad: Path, old: str, new: str, message: str) -> None:
    assert old in SPACE
    (bad / "space.yaml").write_text(SPACE.replace(old, new))
    (bad / "recipe.yaml").write_text("space: space.yaml\n")
    profile = ["profile", "--layout=kinect20", "--classes=3", "--output=new.json"]
    assert message in refused(*profile, f"--space={bad / 'space.yaml'}")
    assert message in refused(*profile, f"--config={bad / 'recipe.yaml'}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spatial": "GrphConv"}, "did you mean GraphConv"),
        ({"spatial": "TemporalConv"}, "is not a SpatialOperator"),
        ({"activation": "Relu"}, "did you mean ReLU"),
        ({"kernel": 2}, "odd and positive"),
        ({"kernel": 3.0}, "of the wrong kind"),
        ({"colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_wrong_architectures(refused: Refused, bad: Path, change: dict[str, Any], message: str) -> None:
    content = load_architecture("STGCN").to_dict()
    content["stages"][0]["blocks"][0] |= change
    path = write(bad / "network.json", content)
    assert message in refused("benchmark", f"--network={path}")
    fit = ["fit", "--config=fit.yaml", "--model=ClassificationTask", f"--model.architecture={path}"]
    assert message in refused(*fit)


@pytest.mark.parametrize("text", ["[1]", "3", "null", '"STGCN"', '{"streams": ["joint"', "\0\1\2", '{"format": 9}'])
def test_damaged_architectures(refused: Refused, bad: Path, text: str) -> None:
    (bad / "network.json").write_text(text)
    refused("benchmark", f"--network={bad / 'network.json'}")


# Device files


def without_first_joint(layout: dict[str, Any]) -> dict[str, Any]:
    return {**layout, "joints": layout["joints"][1:]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {"runtime": "Torch"}, "another runtime version"),
        (lambda d: {"runtime": "TFLite"}, "no runtime called 'TFLite'"),
        (lambda d: {"runtime": None}, "not a device file"),
        (lambda d: {"runtime_version": "1.0"}, "another runtime version"),
        (lambda d: {"exporter_version": "stgnn-0"}, "another exporter version"),
        (lambda d: {"format": 9}, "known format"),
        (lambda d: {"layout": without_first_joint(d["layout"])}, "layout"),
        (lambda d: {"networks": []}, "at least 3 measured networks"),
        (lambda d: {"entries": d["entries"][:3]}, "has no measurement of"),
        (lambda d: {"entries": [[1, 2]]}, "not a device file"),
        (lambda d: {"entries": [[*entry[:-1], "x"] for entry in d["entries"]]}, "an impossible duration"),
        (lambda d: {"entries": [[*entry[:-1], float("nan")] for entry in d["entries"]]}, "an impossible duration"),
        (lambda d: {"entries": [[*entry[:-1], -1.0] for entry in d["entries"]]}, "predicts no time at all"),
        (lambda d: {"colour": "red"}, "not a device file"),
    ],
)
def test_wrong_device_files(refused: Refused, bad: Path, change: Any, message: str) -> None:
    content = json.loads(Path("device.json").read_text())
    path = write(bad / "device.json", content | change(content))
    assert message in refused(*NEW, f"--latency.device={path}")


@pytest.mark.parametrize("name", ["cut", "missing.json", "store", "chosen.onnx", "search.yaml"])
def test_damaged_device_files(refused: Refused, bad: Path, name: str) -> None:
    path = cut("device.json", bad / "device.json") if name == "cut" else Path(name)
    refused(*NEW, f"--latency.device={path}")
    if name in ("cut", "search.yaml"):
        refused(*PROFILE, f"--output={path}")


def test_a_device_file_of_other_conditions_is_not_continued(refused: Refused) -> None:
    assert "other conditions" in refused(*PROFILE, "--output=device.json", "--threads=2")
    assert "other conditions" in refused(*PROFILE, "--output=device.json", "--classes=4")


# Checkpoints


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "npz", "folder", "missing"])
def test_damaged_checkpoints(refused: Refused, bad: Path, damage: str) -> None:
    paths = {"text": "search.yaml", "npz": "store/index.npz", "folder": "store", "missing": "missing.ckpt"}
    path = paths.get(damage) or cut("chosen.ckpt", bad / "cut.ckpt", 0.6 if damage == "cut" else 0)
    refused(*NEW, f"--supernet={path}")
    refused("export", f"--checkpoint={path}", "--output=new.onnx", f"--data={DATA}")
    refused("fit", "--config=fit.yaml", "--model=ClassificationTask", f"--model.init_from={path}")
    refused("fit", "--config=fit.yaml", f"--ckpt_path={path}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "thing"}, "not a checkpoint of stgnn"),
        ({"layout": 3}, "layout"),
        ({"class_names": None}, "not a checkpoint of stgnn"),
        ({"class_names": ["a"]}, "at least two classes"),
        ({"class_names": ["a", "b", "c", "d"]}, "do not fit what the file says"),
        ({"class_names": ["a", "b", "z"]}, "other classes than the checkpoint"),
        ({"space": 3}, "not a search space"),
        ({"format": 2}, "unknown form"),
    ],
)
def test_wrong_checkpoints(refused: Refused, bad: Path, change: dict[str, Any], message: str) -> None:
    content = torch.load("supernet.ckpt", weights_only=True)
    torch.save({**content, "stgnn": content["stgnn"] | change}, bad / "wrong.ckpt")
    assert message in refused(*NEW, f"--supernet={bad / 'wrong.ckpt'}")


def test_weights_of_a_training_that_diverged(refused: Refused, bad: Path) -> None:
    content = torch.load("supernet.ckpt", weights_only=True)
    content["state_dict"]["head.weight"] *= float("nan")
    torch.save(content, bad / "wrong.ckpt")
    assert "not all finite" in refused(*NEW, f"--supernet={bad / 'wrong.ckpt'}")


def test_checkpoints_of_something_else(refused: Refused, bad: Path) -> None:
    space, other = load_space("space.yaml"), bad / "other.ckpt"
    assert "holds a network, not a supernet" in refused(*NEW, "--supernet=chosen.ckpt")
    assert "holds a supernet, not a network" in refused("export", "--checkpoint=supernet.ckpt", f"--data={DATA}")
    assert "holds a supernet, not a network" in refused("benchmark", "--network=supernet.ckpt")
    save_checkpoint(other, Supernet(space, load_layout("ntu25"), 3), CLASSES)
    assert "another layout" in refused(*NEW, f"--supernet={other}")
    save_checkpoint(other, Supernet(space, LAYOUT, 4), [*CLASSES, "d"])
    assert "number of classes" in refused(*NEW, f"--supernet={other}")
    save_checkpoint(other, Supernet(load_space("tiny"), LAYOUT, 3), CLASSES)
    assert "has no measurement of" in refused(*NEW, f"--supernet={other}")
    tune = ["fit", "--config=fit.yaml", "--model=ClassificationTask"]
    assert "another architecture" in refused(*tune, "--model.init_from=chosen.ckpt", "--model.architecture=STGCN")
    save_checkpoint(other, Network(space.largest(), load_layout("ntu25"), 3), CLASSES)
    assert "belongs to other data" in refused(*tune, f"--model.init_from={other}")
    assert "holds weights alone" in refused("test", "--config=fit.yaml", "--ckpt_path=supernet.ckpt")


# Studies


def test_a_study_of_another_supernet(refused: Refused, bad: Path) -> None:
    other = bad / "other.ckpt"
    torch.manual_seed(7)  # other weights than those of the site, whichever tests ran before
    save_checkpoint(other, Supernet(load_space("space.yaml"), LAYOUT, 3), CLASSES)
    again = ["search", "--config=search.yaml"]
    message = refused(*again, f"--supernet={other}")
    assert "another supernet" in message and "--name OTHER or --study OTHER.journal" in message
    assert "another supernet" in refused("extract", "--study=study.journal", f"--supernet={other}", "--output=n.ckpt")
    assert "another latency model" in refused(*again, "--latency=Roofline")
    assert "another limit of latency_ms" in refused(*again, "--budget_ms=3")
    assert "another clips" in refused(*again, "--data.frames=4")


def test_a_study_looked_at_from_elsewhere_says_where_its_paths_begin(
    site: Path, bad: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bad)
    message = refused("extract", f"--study={site / 'study.journal'}", "--output=n.ckpt")
    assert "supernet.ckpt" in message and "the folder of the search" in message and "--supernet" in message


@pytest.mark.parametrize(
    "damage", ["garbage", "binary", "json", "operation", "in the middle", "zeros", "empty", "folder", "missing"]
)
def test_damaged_studies(refused: Refused, bad: Path, damage: str) -> None:
    path, whole = bad / "study.journal", Path("study.journal").read_bytes()
    lines = whole.split(b"\n")
    content = {
        "garbage": b"garbage\n" * 9,
        "binary": bytes(range(256)),
        "json": b'{"a": 1}\n',
        "operation": b'{"op_code": 99}\n',
        "in the middle": b"\n".join([*lines[:20], lines[20][:9], *lines[21:]]),
        "zeros": whole[:1000] + bytes(100) + whole[1100:],
        "empty": b"",
    }
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        path.write_bytes(content[damage])
    refused("report", f"--study={path}", "--output=new")
    refused("extract", f"--study={path}", "--output=new.ckpt")
    if damage not in ("empty", "missing"):
        refused("search", "--config=search.yaml", f"--study={path}")


def test_a_study_that_was_cut_off_is_continued(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = cut("study.journal", bad / "study.journal", 0.8)
    assert main(["search", "--config=search.yaml", f"--study={path}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["architectures"] == {"search": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("supernet: [cut", "not YAML"),
        ("supernet: supernet.ckpt", "--data"),
        ("supernet: supernet.ckpt\ndata: 5", "name no data module"),
        ("supernet: supernet.ckpt\ndata: {class_path: no.such.Module}", "no such data module"),
    ],
)
def test_damaged_recipes_beside_a_study(refused: Refused, bad: Path, text: str, message: str) -> None:
    path = Path(shutil.copy("study.journal", bad / "study.journal"))
    (bad / "study.journal.search.recipe.yaml").write_text(text)
    assert message in refused("extract", f"--study={path}", "--output=new.ckpt")


# Exported files


@pytest.mark.parametrize("damage", ["garbage", "cut", "empty", "description", "missing", "other runtime", "frames"])
def test_wrong_exported_files(refused: Refused, bad: Path, damage: str) -> None:
    path = bad / "network.onnx"
    if damage == "garbage":
        path.write_bytes(b"garbage" * 50)
    elif damage == "description":
        import onnx

        model = onnx.load("chosen.onnx")
        for item in model.metadata_props:
            item.value = item.value[:9]
        onnx.save(model, path)
    elif damage != "missing":
        cut("chosen.onnx", path, {"cut": 0.6, "empty": 0.0}.get(damage, 1.0))
    flags = {"other runtime": ["--runtime=Torch"], "frames": ["--frames=5"]}.get(damage, [])
    refused("benchmark", f"--network={path}", *flags)


# Outputs


@pytest.mark.parametrize(
    ("command", "suffix"),
    [
        (PROFILE, ".json"),
        (["extract", "--study=study.journal"], ".ckpt"),
        (["export", "--checkpoint=chosen.ckpt"], ".onnx"),
        (["search", "--config=search.yaml"], ".journal"),
        (["report", "--study=study.journal"], ""),
        (["quickstart"], ""),
    ],
)
def test_outputs_that_cannot_be_written(refused: Refused, bad: Path, command: list[str], suffix: str) -> None:
    flag = "--study" if command[0] == "search" else "--output"
    assert "needed" in refused(*command, f"{flag}=search.yaml/new{suffix}")
    if suffix:
        (bad / f"folder{suffix}").mkdir()
        refused(*command, f"{flag}={bad / f'folder{suffix}'}")


def test_quickstart_leaves_other_results_alone(refused: Refused, bad: Path) -> None:
    assert "results of something else" in refused("quickstart", "--output=.")
    for plan_text in ('{"seed', "[]", '{"seed": 0}'):
        (bad / "plan.json").write_text(plan_text)
        refused("quickstart", f"--output={bad}")


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: writing fails in the middle, as on a full disk."""
    resource = pytest.importorskip("resource")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


@pytest.mark.parametrize(
    "command",
    [
        ["report", "--study=study.journal", "--output=report"],
        ["extract", "--study=study.journal", "--output=chosen.ckpt"],
        ["export", "--checkpoint=chosen.ckpt", "--output=chosen.onnx"],
        ["data", "import", "--format=npz", "--source=source.npz", "--output=store", "--overwrite"],
        ["search", "--config=search.yaml", "--trials=9"],
    ],
    ids=lambda command: command[0],
)
def test_a_full_disk(site: Path, bad: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    folder = Path(shutil.copytree(site, bad / "site"))
    np.savez(folder / "source.npz", **arrays())
    monkeypatch.chdir(folder)
    before = contents(folder)
    room = len(before[folder / "study.journal"]) + 900 if command[0] == "search" else 500
    with full_disk(room):
        assert main(command) == 2
    after = contents(folder)
    if command[0] == "search":  # the study has grown by whole lines
        grown = after.pop(folder / "study.journal")
        assert grown.startswith(before.pop(folder / "study.journal")) and grown.endswith(b"\n")
    unfinished = {path for path in after if ".store.import" in path.parts}  # what the next import continues
    assert {path: content for path, content in after.items() if path not in unfinished} == before
    assert main(command) == 0, "the same command succeeds when there is room again"
    assert not any(path.exists() for path in unfinished)


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", "there"), 2, "choose a place you may write to"),
        (MemoryError(), 1, "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 1, "not enough memory"),
    ],
)
def test_failures_of_the_system(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, message: str
) -> None:
    def fail(kind: str) -> None:
        raise error

    monkeypatch.setattr("stgnn.commands.list_names", fail)
    assert message in refused("list", "layouts", status=status)
    monkeypatch.setenv("STGNN_DEBUG", "1")
    with pytest.raises(type(error)):
        main(["list", "layouts"])


def test_what_is_good_is_accepted(bad: Path) -> None:
    """The recipes of this module are refused for what the tests change, not for what they hold."""
    assert yaml.safe_load(SEARCH)["study"] == "study.journal"
    assert main(["search", "--config=search.yaml"]) == 0
    np.savez(bad / "source.npz", **arrays())
    assert main([*IMPORT, f"--source={bad / 'source.npz'}", f"--output={bad / 'new'}"]) == 0
