"""What a training begins with; a checkpoint is read once for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import AdaSGN, check_run_checkpoint, load_any, save_checkpoint, save_compressed
from stgnn.tasks import ClassificationTask, MultiLevelTask, SparseTask, SupernetTask


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of every file of tensors that is read."""
    load, found = torch.load, list[str]()

    def counted(path: Any, **options: Any) -> Any:
        found.append(Path(path).name)
        return load(path, **options)

    monkeypatch.setattr(torch, "load", counted)
    return found


@pytest.fixture
def checkpoints(
    data: SyntheticDataModule, supernet: Callable[..., SupernetTask], tmp_path: Path
) -> Callable[[str], Path]:
    """Writes a supernet or its largest network."""
    held = supernet().network
    networks = {"supernet": held, "network": held.extract(held.space.largest())}
    return lambda name: save_checkpoint(tmp_path / f"{name}.ckpt", networks[name], data.class_names)


@pytest.mark.parametrize("source", ["supernet", "network"])
@pytest.mark.parametrize(
    ("task", "arguments"),
    [(ClassificationTask, {}), (SparseTask, {}), (MultiLevelTask, {"levels": (0.5, 0.8)})],
)
def test_a_checkpoint_is_read_once(
    task: Callable[..., Any],
    arguments: dict[str, Any],
    source: str,
    data: SyntheticDataModule,
    checkpoints: Callable[[str], Path],
    reads: list[str],
) -> None:
    started = task(data.layout, data.class_names, init_from=checkpoints(source), **arguments)
    assert reads == [f"{source}.ckpt"] and (started.unready is not None) == (source == "supernet")


def test_levels_start_from_one_checkpoint_and_share_nothing(
    data: SyntheticDataModule, checkpoints: Callable[[str], Path]
) -> None:
    task = MultiLevelTask(data.layout, data.class_names, init_from=checkpoints("network"), levels=(0.5, 0.8))
    first, second = (one.network.state_dict() for one in task.sparse_networks)
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert all(value.data_ptr() != second[name].data_ptr() for name, value in first.items())


def test_levels_without_a_checkpoint_differ(data: SyntheticDataModule) -> None:
    task = MultiLevelTask(data.layout, data.class_names, "STGCN", frames=8, levels=(0.5, 0.8))
    first, second = (dict(one.network.named_parameters()) for one in task.sparse_networks)
    assert not all(torch.equal(value, second[name]) for name, value in first.items())
    with pytest.raises(InputError, match="make no ensemble"):
        MultiLevelTask(data.layout, data.class_names, "STGCN", frames=8, levels=())


def test_a_teacher_and_other_files_are_read_once(
    data: SyntheticDataModule, checkpoints: Callable[[str], Path], reads: list[str], tmp_path: Path
) -> None:
    path = checkpoints("network")
    ClassificationTask(data.layout, data.class_names, load_any(path).module.architecture, teacher=path)  # type: ignore[union-attr,arg-type]
    assert reads == ["network.ckpt"] * 2
    packed = save_compressed(tmp_path / "packed.ckpt", load_any(path).module, data.class_names)  # type: ignore[arg-type]
    reads.clear()
    load_any(packed)
    with pytest.raises(InputError, match="weights alone"):
        check_run_checkpoint(path)
    assert reads == ["packed.ckpt", "network.ckpt"]


def test_a_network_of_several_parts_is_no_start(data: SyntheticDataModule, tmp_path: Path) -> None:
    network = AdaSGN(data.layout, data.num_classes, (1, 9), frames=16)
    path = save_checkpoint(tmp_path / "adasgn.ckpt", network, data.class_names)
    with pytest.raises(InputError, match=r"several parts(.|\n)*adasgn"):
        ClassificationTask(data.layout, data.class_names, init_from=path)


@pytest.mark.parametrize("source", ["supernet", "network"])
@pytest.mark.parametrize(
    ("task", "arguments"),
    [(ClassificationTask, {}), (SparseTask, {"sparsity": 0.5}), (MultiLevelTask, {"levels": (0.5, 0.8)})],
)
def test_a_network_of_other_classes_is_begun_from_and_says_which_it_has_to_learn(
    task: Callable[..., Any],
    arguments: dict[str, Any],
    source: str,
    data: SyntheticDataModule,
    checkpoints: Callable[[str], Path],
) -> None:
    names = ["jump", data.class_names[1], "run"]
    with pytest.warns(UserWarning, match=r"network.ckpt|supernet.ckpt") as caught:
        started = task(data.layout, names, init_from=checkpoints(source), **arguments)
    (said,) = [str(one.message) for one in caught if "to be learned" in str(one.message)]
    assert said.endswith("knows 1 of these 3 classes; to be learned: jump, run")
    assert started.unready is not None and "jump" in str(started.unready)


def test_fewer_classes_or_another_order_of_them_is_nothing_new(
    data: SyntheticDataModule, checkpoints: Callable[[str], Path], recwarn: pytest.WarningsRecorder
) -> None:
    whole = ClassificationTask(data.layout, data.class_names, init_from=checkpoints("network"))
    some = ClassificationTask(data.layout, [*data.class_names[3:0:-1]], init_from=checkpoints("network"))
    assert some.unready is None and not [one for one in recwarn if "to be learned" in str(one.message)]
    bodies = torch.randn(2, whole.network.frames, data.layout.num_joints, data.layout.dimensions)
    with torch.no_grad():
        wanted, found = whole.network.eval()(bodies), some.network.eval()(bodies)
    torch.testing.assert_close(found, wanted[:, [3, 2, 1]])


def test_many_new_classes_are_counted(data: SyntheticDataModule, checkpoints: Callable[[str], Path]) -> None:
    with pytest.warns(
        UserWarning, match=r"knows 0 of these 60 classes; to be learned: new 0, .*, new 11, and 48 more$"
    ):
        ClassificationTask(data.layout, [f"new {number}" for number in range(60)], init_from=checkpoints("network"))
