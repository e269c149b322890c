"""Data modules from plain data."""

import pytest

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.results import build_data


class Broken(SyntheticDataModule):
    """A data module with a mistake of its own."""

    def __init__(self, clips: int = 64) -> None:
        super().__init__(clips=clips)
        self.more = clips + "one"  # type: ignore[operator]


def test_a_name_alone_is_a_data_module() -> None:
    assert type(build_data("SyntheticDataModule")) is SyntheticDataModule
    spec = {"class_path": "SyntheticDataModule", "init_args": {"clips": 32}}
    assert len(build_data(spec).store) == 32


@pytest.mark.parametrize(
    "spec", ["NoSuchModule", "builtins.dict", "pathlib.Path", "..thing", "SkeletonDataModule", {}, 5]
)
def test_what_is_no_data_module_is_refused(spec: object) -> None:
    with pytest.raises(InputError, match=r"no such data module|no data module|does not take"):
        build_data(spec)  # type: ignore[arg-type]


def test_wrong_arguments_are_told_from_a_mistake_inside() -> None:
    with pytest.raises(InputError, match=r"does not take these arguments(.|\n)*'clip'"):
        build_data({"class_path": "Broken", "init_args": {"clip": 3}})
    with pytest.raises(TypeError, match="unsupported operand"):
        build_data({"class_path": "Broken"})
