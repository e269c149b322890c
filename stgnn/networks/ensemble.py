"""Several networks that vote, as one network."""

from collections.abc import Sequence
from itertools import pairwise

from stgnn.errors import InputError
from stgnn.networks.network import Network
from stgnn.networks.sgn import SGN
from stgnn.networks.sparsity.ensemble import SummedExperts


class Ensemble(SummedExperts):
    """The sum of the logits of networks of the same body, frames and classes.

    Args:
        networks: The members, such as the levels of a :class:`stgnn.networks.sparsity.SparseEnsemble`.

    Raises:
        InputError: there is none, or they take different bodies.
    """

    def __init__(self, networks: Sequence[Network | SGN]) -> None:
        takes = [(one.layout, one.frames, one.num_classes) for one in networks]
        if not takes or any(first != second for first, second in pairwise(takes)):
            given = [f"{layout.name}, {frames} frames, {classes} classes" for layout, frames, classes in takes]
            raise InputError("an ensemble needs networks that take the same bodies", given=given)
        super().__init__(networks)
        self.layout, self.frames, self.num_classes = takes[0]

    @property
    def members(self) -> tuple[Network | SGN, ...]:
        """The networks."""
        return tuple(one for one in self.networks if isinstance(one, Network | SGN))
