"""A trained supernet of SGN, whose members become the actions of AdaSGN instead of single models that are trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError
from stgnn.networks import Supernet, load_supernet, save_checkpoint
from stgnn.space import SGNArchitecture, SGNSpace
from stgnn.tasks.continuing import warn_if_stopped
from stgnn.tasks.cutting import ORIGIN, check_classes, check_data, cut
from stgnn.tasks.seen import seen_by


@dataclass(frozen=True)
class SGNSupernet:
    """A supernet with its checkpoint. Actions are names such as ``"w32-64-128-9"``; data are those it was trained on.

    Attributes:
        path: Its checkpoint.
        checksum: SHA-256 of that file.
        module: The supernet.
        space: Its space.
        class_names: Class names in label order.
        seen: What it says of the clips that it was trained on, if anything.
    """

    path: Path
    checksum: str
    module: Supernet
    space: SGNSpace
    class_names: tuple[str, ...]
    seen: Mapping[str, Any]

    @classmethod
    def load(cls, checkpoint: str | Path) -> "SGNSupernet":
        """Read a supernet, and warn of one whose training was stopped.

        Raises:
            InputError: there is no such checkpoint, or it holds something else.
        """
        loaded, path = load_supernet(checkpoint), Path(checkpoint)
        space = loaded.module.space
        if not isinstance(space, SGNSpace):
            hint = "train one with: stgnn fit --config recipes/fit/supernet_sgn_utd_mhad.yaml"
            raise InputError(f"the supernet {checkpoint} is none of SGN", given=f"space {space.name}", hint=hint)
        warn_if_stopped(path, loaded.extra)
        checksum = sha256(path.read_bytes()).hexdigest()
        return cls(path, checksum, loaded.module, space, loaded.class_names, seen_by(loaded.extra))

    @property
    def width(self) -> int:
        """Width of its members, a quarter of the features of a frame."""
        return self.space.embeddings[-1]

    def members(self, actions: Sequence[str], data: SkeletonDataModule) -> list[SGNArchitecture]:
        """The members that actions are named after.

        Raises:
            InputError: there is no such member, or the data are not what the supernet knows.
        """
        check_data(self.module, data)
        check_classes(self.class_names, data)
        return [self.space.of_action(name, data.layout.num_joints) for name in actions]

    def check(self, actions: Sequence[str], data: SkeletonDataModule, stream: str, width: int) -> None:
        """Refuse an AdaSGN of these actions, stream and width that the supernet does not hold.

        Raises:
            InputError: as :meth:`members`, or frames, stream or width differ.
        """
        self.members(actions, data)
        frames = "data.init_args.frames"
        given = {frames: data.frames, "stream": stream, "width": width}
        held = {frames: self.space.frames, "stream": self.space.stream, "width": self.width}
        if wrong := [name for name in held if given[name] != held[name]]:
            raise InputError(
                f"the supernet {self.path} is made for another {' and '.join(wrong)}",
                given=[f"{name}: {given[name]}" for name in wrong],
                allowed=[f"{name}: {held[name]}" for name in wrong],
                hint=" and ".join(f"set {name} to {held[name]}" for name in wrong),
            )

    def cut(self, actions: Sequence[str], data: SkeletonDataModule, folder: Path) -> dict[str, Path]:
        """Write the single models of actions as checkpoints in a folder, each named after its action.

        Returns:
            The path of each checkpoint.

        Raises:
            InputError: as :meth:`members`; nothing is written then.
        """
        found = {}
        for name, member in zip(actions, self.members(actions, data), strict=True):
            network, extra = cut(self.module, member, data), {ORIGIN: self.checksum, **self.seen}
            found[name] = save_checkpoint(folder / f"{name}.ckpt", network, self.class_names, extra)
        return found
