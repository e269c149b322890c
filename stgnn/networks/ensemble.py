"""Several networks that vote, as one network."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.networks.network import Network
from stgnn.networks.sgn import SGN
from stgnn.networks.sparsity.ensemble import SummedExperts


class Ensemble(nn.Module):
    """The sum of the logits of networks of the same body, frames and classes.

    Args:
        networks: The members, such as the levels of a :class:`stgnn.networks.sparsity.SparseEnsemble`.

    Raises:
        InputError: there is none, or they take different bodies.
    """

    def __init__(self, networks: Sequence[Network | SGN]) -> None:
        super().__init__()
        takes = [(one.layout, one.frames, one.num_classes) for one in networks]
        if not takes or any(first != second for first, second in pairwise(takes)):
            given = [f"{layout.name}, {frames} frames, {classes} classes" for layout, frames, classes in takes]
            raise InputError("an ensemble needs networks that take the same bodies", given=given)
        self.layout, self.frames, self.num_classes = takes[0]
        self.networks = nn.ModuleList(networks)

    @property
    def members(self) -> tuple[Network | SGN, ...]:
        """The networks."""
        return tuple(one for one in self.networks if isinstance(one, Network | SGN))

    def forward(self, x: Tensor) -> Tensor:
        """Raw keypoints of bodies ``(B, T, V, C)`` to logits ``(B, classes)``."""
        return SummedExperts(self.members)(x)

    def deploy(self) -> SummedExperts:
        """The exact rewrite for inference of every member; this network is left as it is."""
        return SummedExperts([one.deploy() for one in self.members]).eval()
