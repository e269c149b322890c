import math

import numpy as np
import pytest
import torch

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.latency import Roofline
from stgnn.networks import SGN, Supernet, load_network, save_checkpoint
from stgnn.search import Random
from stgnn.search.evaluate import SupernetEvaluator
from stgnn.search.extract import choose, extract
from stgnn.search.study import load_evaluations, run_search
from stgnn.skeleton import load_layout
from stgnn.skeleton.transforms import resample_frames
from stgnn.space import SGNSpace, load_architecture, load_space
from stgnn.tasks.cutting import calibration_bodies, cut


@pytest.fixture(scope="module")
def data():
    return SyntheticDataModule(clips=96, frames=16)


@pytest.fixture(scope="module")
def supernet(data):
    torch.manual_seed(0)
    return Supernet(load_space("tiny"), data.layout, data.num_classes).eval()


@pytest.fixture(scope="module")
def evaluator(supernet, data):
    return SupernetEvaluator.from_data(supernet, data, calibration_clips=40)


def test_accuracy_is_that_of_the_extracted_recalibrated_network(supernet, data, evaluator):
    batch = data.clips().gather(data.splits()["val"], data.frames)
    for architecture in (supernet.space.smallest(), supernet.space.largest()):
        calibration = resample_frames(calibration_bodies(data, 40), architecture.frames)
        network = supernet.extract(architecture).eval()
        network.load_state_dict(supernet.calibrated(architecture, [calibration]), strict=False)
        with torch.no_grad():
            logits = network(resample_frames(batch.bodies, architecture.frames))
        scores = torch.stack([logits[batch.clip == clip].mean(dim=0) for clip in range(len(batch.label))])
        torch.testing.assert_close(evaluator.scores(architecture), scores, rtol=1e-4, atol=1e-4)
        accuracy, error = evaluator.accuracy(architecture)
        assert accuracy == pytest.approx(float((scores.argmax(1) == batch.label).float().mean()))
        assert 0 < error < 0.5


def test_variants_are_further_looks_at_the_same_clips(supernet, data, evaluator):
    many = SupernetEvaluator.from_data(supernet, data, calibration_clips=40, variants=4)
    again = SupernetEvaluator.from_data(supernet, data, calibration_clips=40, variants=4)
    architecture, clips = supernet.space.largest(), len(data.splits()["val"])
    scores = many.scores(architecture)
    assert len(scores) == 4 * clips
    torch.testing.assert_close(scores[:clips], evaluator.scores(architecture), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(scores[clips : 2 * clips], scores[2 * clips : 3 * clips], atol=1e-3)
    assert many.identity() == again.identity() != evaluator.identity()
    right = scores.argmax(dim=1) == torch.from_numpy(data.store.labels[data.splits()["val"]]).repeat(4)
    accuracy, error = many.accuracy(architecture)
    assert accuracy == pytest.approx(float(right.float().mean()))
    of_clip = right.view(4, -1).float().mean(dim=0)
    assert 0.9 < error / float(of_clip.std() / len(of_clip) ** 0.5) < 1.5  # a little more: half a clip on either side
    with pytest.raises(InputError, match="variants is out of range"):
        SupernetEvaluator.from_data(supernet, data, variants=0)


def test_the_error_is_never_0_however_the_looks_fall(supernet, data, monkeypatch):
    def told(right, variants):
        """Accuracy and error where so many of the looks at each clip are right."""
        evaluator = SupernetEvaluator.from_data(supernet, data, calibration_clips=40, variants=variants)
        labels = evaluator._clips.label.view(variants, -1)
        classes = supernet.num_classes
        answers = torch.where(torch.arange(variants)[:, None] < right, labels, (labels + 1) % classes)
        scores = torch.nn.functional.one_hot(answers.flatten(), classes).float()
        monkeypatch.setattr(evaluator, "scores", lambda architecture: scores)
        return evaluator.accuracy(supernet.space.smallest())

    clips = len(data.splits()["val"])
    assert told(1, 2) == (0.5, pytest.approx((0.25 / (2 * clips)) ** 0.5))
    for count in range(5):
        assert told(count, 4)[1] > 0
    for count in (0, 3, clips):
        share = (count + 0.5) / (clips + 1)
        accuracy, error = told((torch.arange(clips) < count).int(), 1)
        assert accuracy == pytest.approx(count / clips) and error == math.sqrt(share * (1 - share) / clips)


def test_evaluation_changes_nothing(supernet, evaluator):
    before = {name: value.clone() for name, value in supernet.state_dict().items()}
    first = evaluator.accuracy(supernet.space.smallest())
    evaluator.accuracy(supernet.space.largest())
    assert evaluator.accuracy(supernet.space.smallest()) == first
    assert all(torch.equal(value, before[name]) for name, value in supernet.state_dict().items())


def test_calibration_uses_training_clips_and_the_search_held_out_ones(data, evaluator):
    splits = data.splits()
    assert set(evaluator._clips.index.tolist()) == set(splits["val"].tolist())
    assert not set(splits["val"].tolist()) & set(splits["train"].tolist())
    everything = calibration_bodies(data, 10_000)
    assert torch.equal(everything, data.clips().gather(splits["train"], data.frames).bodies)


def test_the_test_split_is_refused(supernet, data):
    with pytest.raises(InputError, match="must not see this split"):
        SupernetEvaluator.from_data(supernet, data, split="test")


def test_an_empty_search_split_is_refused(supernet):
    with pytest.raises(InputError, match="clips to count") as caught:
        SupernetEvaluator.from_data(supernet, SyntheticDataModule(clips=96, frames=16, val_subjects=[]))
    assert "val_subjects" in str(caught.value)


def test_other_data_is_refused(data):
    layout = load_layout("kinect20")
    with pytest.raises(InputError, match="another layout"):
        SupernetEvaluator.from_data(Supernet(load_space("tiny"), layout, data.num_classes), data)
    with pytest.raises(InputError, match="number of classes"):
        SupernetEvaluator.from_data(Supernet(load_space("tiny"), data.layout, 3), data)


def test_identity_tells_supernets_and_clips_apart(supernet, data, evaluator):
    same = SupernetEvaluator.from_data(supernet, data, calibration_clips=40).identity()
    assert same == evaluator.identity() and same.keys() == {"supernet", "clips"}
    other = SupernetEvaluator.from_data(supernet, data, calibration_clips=30).identity()
    assert other["supernet"] == same["supernet"] and other["clips"] != same["clips"]
    torch.manual_seed(1)
    trained = Supernet(supernet.space, supernet.layout, supernet.num_classes)
    assert SupernetEvaluator.from_data(trained, data, calibration_clips=40).identity()["supernet"] != same["supernet"]


def test_extract_writes_a_network_with_statistics_of_its_own(supernet, data, tmp_path):
    checkpoint = save_checkpoint(tmp_path / "supernet.ckpt", supernet, data.class_names)
    architecture = supernet.space.smallest()
    path = extract(checkpoint, architecture, tmp_path / "out" / "small.ckpt", data)
    loaded = load_network(path)
    assert loaded.module.architecture == architecture
    assert list(loaded.class_names) == data.class_names
    evaluator = SupernetEvaluator.from_data(supernet, data, calibration_clips=10_000)
    bodies = resample_frames(evaluator._clips.bodies, architecture.frames)
    scores = evaluator.scores(architecture)
    with torch.no_grad():
        logits = loaded.module(bodies).numpy()
    clips = evaluator._clips.clip.numpy()
    mine = np.stack([logits[clips == clip].mean(axis=0) for clip in range(len(scores))])
    np.testing.assert_allclose(mine, scores.numpy(), rtol=1e-4, atol=1e-4)


def test_cut_leaves_the_supernet_as_it_is_and_equals_the_file(supernet, data, tmp_path):
    before = {name: value.clone() for name, value in supernet.state_dict().items()}
    architecture = supernet.space.smallest()
    network = cut(supernet, architecture, data)
    assert not network.training and not supernet.training
    assert all(torch.equal(before[name], value) for name, value in supernet.state_dict().items())
    checkpoint = save_checkpoint(tmp_path / "supernet.ckpt", supernet, data.class_names)
    written = load_network(extract(checkpoint, architecture, tmp_path / "small.ckpt", data)).module.state_dict()
    assert all(torch.equal(value, written[name]) for name, value in network.state_dict().items())


def test_extract_refuses_an_architecture_of_another_space(supernet, data, tmp_path):
    checkpoint = save_checkpoint(tmp_path / "supernet.ckpt", supernet, data.class_names)
    with pytest.raises(InputError, match="does not hold this architecture"):
        extract(checkpoint, load_architecture("STGCN++"), tmp_path / "out.ckpt", data)
    assert not (tmp_path / "out.ckpt").exists()


def test_slices_of_sgn_are_evaluated_searched_and_cut(data, tmp_path):
    space = SGNSpace("small", (1, 0), (4, 8), ((8, 16),), frames=8)
    torch.manual_seed(0)
    supernet = Supernet(space, data.layout, data.num_classes).eval()
    evaluator = SupernetEvaluator.from_data(supernet, data, calibration_clips=40)
    found = run_search(evaluator, Roofline(), Random(), tmp_path / "study.journal", "sgn", 99, progress=False)
    assert {one.architecture for one in found} == set(space.members())
    assert load_evaluations(tmp_path / "study.journal", "sgn") == found
    best = choose(found).architecture
    network = cut(supernet, best, data)
    assert isinstance(network, SGN) and network.options["size"] == best.module
    batch = data.clips().gather(data.splits()["val"], data.frames)
    assert network(resample_frames(batch.bodies, 8)).shape == (len(batch.bodies), data.num_classes)
