"""An import that is told the size of the image makes shares of half of it of pixels, whatever the format."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stgnn.cli import main
from stgnn.data import SkeletonStore, import_data
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout
from tests.data.readers.twin_coco import detection, write_coco, write_detections
from tests.data.readers.twin_kinetics import write_kinetics_skeleton
from tests.data.readers.twin_openpose import write_frame
from tests.data.readers.twin_pyskl import write_2d
from tests.data.readers.twin_table import write_csv, write_lines

SIZE = (640, 480)
LAYOUT = load_layout("openpose18")
Write = Callable[[Path, FloatArray], None]


@pytest.fixture
def pixels() -> FloatArray:
    """Three clips of two frames (N, T, V, C): a joint and a whole frame that were not seen, a joint in the middle."""
    points = np.random.default_rng(0).uniform(1, 479, size=(3, 2, 18, 2)).astype(np.float32)
    points[0, 0, 5] = points[1, 1] = 0
    points[2, 0, 3] = 320, 240
    return points


def by_hand(points: FloatArray) -> FloatArray:
    """(x - w/2) / (w/2), (y - h/2) / (h/2), and zeros for joints that were not seen."""
    width, height = SIZE
    shares = np.stack([points[..., 0] * 2.0 / width - 1, points[..., 1] * 2.0 / height - 1], axis=-1)
    return np.where(points.any(axis=-1, keepdims=True), shares, 0).astype(np.float32)


def as_csv(path: Path, points: FloatArray) -> None:
    lines = [
        f"{clip},{frame},{LAYOUT.joints[joint]},{x!r},{y!r},{clip % 2}"
        for clip, frame, joint in np.ndindex(*points.shape[:3])
        for x, y in [points[clip, frame, joint].tolist()]
    ]
    write_lines(path, lines, "clip,frame,joint,x,y,label")


def as_openpose(path: Path, points: FloatArray) -> None:
    for clip, frame in np.ndindex(*points.shape[:2]):
        joints = np.insert(points[clip, frame], 2, points[clip, frame].any(axis=-1), axis=-1)
        write_frame(path / f"class{clip % 2}" / f"clip{clip}", frame, [joints] if joints.any() else [])


def as_coco(path: Path, points: FloatArray) -> None:
    for clip in range(len(points)):
        joints = np.insert(points[clip, :, :17], 2, points[clip, :, :17].any(axis=-1), axis=-1)
        found = [detection(frame, one) for frame, one in enumerate(joints)]
        write_detections(path / f"class{clip % 2}" / f"clip{clip}.json", found)


def as_npz(path: Path, points: FloatArray) -> None:
    clips, frames = points.shape[:2]
    keypoints = points.reshape(clips * frames, 1, *points.shape[2:])  # (N, T, V, C) -> (N T, M, V, C)
    offsets = np.arange(clips + 1) * frames
    arrays = {"keypoint": keypoints, "frame_offset": offsets, "label_action": np.arange(clips) % 2}
    with path.open("wb") as file:
        np.savez(file, joint_names=np.array(LAYOUT.joints), **arrays)


WRITERS = {"csv": as_csv, "openpose": as_openpose, "coco": as_coco, "npz": as_npz}


@pytest.mark.parametrize(("format", "write"), WRITERS.items())
def test_pixels_give_the_store_of_shares_computed_by_hand(
    format: str, write: Write, pixels: FloatArray, tmp_path: Path
) -> None:
    shares = by_hand(pixels)
    shares[2, 0, 3, 0] = 1e-6  # the very middle was seen, and zeros would say that it was not
    write(tmp_path / "pixels", pixels)
    write(tmp_path / "shares", shares)
    summary = import_data(format, tmp_path / "pixels", tmp_path / "out", image_size=SIZE)
    import_data(format, tmp_path / "shares", tmp_path / "expected")
    out, expected = (SkeletonStore.open(tmp_path / name) for name in ("out", "expected"))
    np.testing.assert_allclose(out.keypoints, expected.keypoints, atol=1e-6)
    assert np.array_equal(out.keypoints.any(axis=-1), expected.keypoints.any(axis=-1))
    assert not out.keypoints[0, 0, 5].any() and out.names == expected.names
    assert "unit_is_pixel" not in [finding["code"] for finding in summary["findings"]]
    assert "half an image of 640 x 480 pixels" in summary["remarks"][-1]


def test_without_a_size_pixels_stay_and_it_is_said_what_to_do(pixels: FloatArray, tmp_path: Path) -> None:
    for format in ("openpose", "coco"):
        WRITERS[format](tmp_path / format, pixels)
        summary = import_data(format, tmp_path / format, tmp_path / f"{format}.store")
        assert SkeletonStore.open(tmp_path / f"{format}.store").keypoints.max() > 400
        (finding,) = [finding for finding in summary["findings"] if finding["code"] == "unit_is_pixel"]
        assert "--image_size '[" in finding["action"] and "--image_size '[" in summary["remarks"][0]


def test_shares_of_the_whole_image_are_pixels_of_an_image_of_one(pixels: FloatArray, tmp_path: Path) -> None:
    as_csv(tmp_path / "source.csv", pixels / np.array(SIZE, np.float32))
    import_data("csv", tmp_path / "source.csv", tmp_path / "out", image_size=(1, 1))
    found = SkeletonStore.open(tmp_path / "out").keypoints
    np.testing.assert_allclose(found[:, 0].reshape(pixels.shape), by_hand(pixels), atol=1e-6)


def test_the_command_takes_the_size(pixels: FloatArray, tmp_path: Path) -> None:
    as_csv(tmp_path / "source.csv", pixels)
    given = ["--format=csv", f"--source={tmp_path / 'source.csv'}", f"--output={tmp_path / 'out'}"]
    assert main(["data", "import", *given, "--image_size", "[640, 480]"]) == 0
    assert SkeletonStore.open(tmp_path / "out").keypoints.max() < 1


@pytest.mark.parametrize("size", [(0, 480), (640, -1), (640,), (640, 480, 3), (640, 10**400)])
def test_what_is_no_size_is_refused_before_the_source_is_opened(size: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / "source.csv").write_text("no table")
    with pytest.raises(InputError, match="not the size of an image") as error:
        import_data("csv", tmp_path / "source.csv", tmp_path / "out", image_size=size)
    assert "width and height in pixels" in str(error.value)


def test_three_coordinates_are_refused(tmp_path: Path) -> None:
    source, _ = write_csv(tmp_path, np.random.default_rng(0))
    with pytest.raises(InputError, match=r"two coordinates(.|\n)*natops8: 3(.|\n)*leave the image size out"):
        import_data("csv", source, tmp_path / "out", image_size=SIZE)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("format", "write"), [("coco", write_coco), ("pyskl", write_2d), ("kinetics-skeleton", write_kinetics_skeleton)]
)
def test_a_source_of_shares_is_refused(format: str, write: Callable[..., tuple[Path, object]], tmp_path: Path) -> None:
    source, _ = write(tmp_path, np.random.default_rng(0))
    with pytest.raises(InputError, match=r"shares of the image already(.|\n)*leave the image size out"):
        import_data(format, source, tmp_path / "out", image_size=SIZE)
    assert not (tmp_path / "out").exists()


def test_coordinates_that_are_no_pixels_are_refused_with_the_name_of_the_clip(
    pixels: FloatArray, tmp_path: Path
) -> None:
    pixels[1] = by_hand(pixels[1])
    as_csv(tmp_path / "source.csv", pixels)
    with pytest.raises(InputError, match=r"'1' are no pixels(.|\n)*-0\.\d+ to 0\.\d+(.|\n)*\[1, 1\]"):
        import_data("csv", tmp_path / "source.csv", tmp_path / "out", image_size=SIZE)
    assert not (tmp_path / "out").exists()


def test_a_size_that_no_joint_lies_in_is_refused(pixels: FloatArray, tmp_path: Path) -> None:
    pixels[pixels.any(axis=-1)] += 700
    as_csv(tmp_path / "source.csv", pixels)
    with pytest.raises(InputError, match=r"'0' lies in an image of this size(.|\n)*640 x 480"):
        import_data("csv", tmp_path / "source.csv", tmp_path / "out", image_size=SIZE)


def stop(done: int, total: int) -> None:
    if done == 2:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("size", "note"), [(SIZE, "continued after clip 2"), ((480, 640), "thrown away"), (None, "thrown away")]
)
def test_a_stopped_import_is_continued_with_the_same_size_only(
    size: tuple[int, int] | None, note: str, pixels: FloatArray, tmp_path: Path
) -> None:
    as_csv(tmp_path / "source.csv", pixels)
    with pytest.raises(KeyboardInterrupt):
        import_data("csv", tmp_path / "source.csv", tmp_path / "out", progress=stop, image_size=SIZE)
    summary = import_data("csv", tmp_path / "source.csv", tmp_path / "out", image_size=size)
    import_data("csv", tmp_path / "source.csv", tmp_path / "whole", image_size=size)
    out, whole = (SkeletonStore.open(tmp_path / name) for name in ("out", "whole"))
    assert note in summary["remarks"][0] and np.array_equal(out.keypoints, whole.keypoints)
