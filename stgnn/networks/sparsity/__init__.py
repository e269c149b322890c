"""Sparsity as a parametrisation of any network: trained scores, masks, and the smaller networks that follow.

>>> from stgnn.networks import Network
>>> from stgnn.networks.sparsity import SparseNetwork
>>> from stgnn.skeleton import load_layout
>>> from stgnn.space import load_space
>>> network = Network(load_space("tiny").largest(), load_layout("ntu25"), num_classes=6)
>>> sparse = SparseNetwork(network, granularity="channel", round_to=8)
>>> smaller = sparse.compacted(0.5)
"""

from stgnn.networks.sparsity.compact import apply_masks_, compact, fit_to, masked
from stgnn.networks.sparsity.ensemble import FUSIONS, Predictions, SparseEnsemble, SummedExperts
from stgnn.networks.sparsity.find import find_units
from stgnn.networks.sparsity.gates import FINE, GRANULARITIES, find_gates
from stgnn.networks.sparsity.lottery import magnitude_masks, random_masks, redrawn, rewind, sparsity_of_rounds
from stgnn.networks.sparsity.maskable import Weight, list_weights, maskable, not_zero, why_kept
from stgnn.networks.sparsity.masks import SCOPES, keep
from stgnn.networks.sparsity.packing import pack, unpack
from stgnn.networks.sparsity.schedule import RAMPS, penalty_weight, sparsity_at
from stgnn.networks.sparsity.sparse import PENALTIES, Density, SparseNetwork

__all__ = [
    "FINE",
    "FUSIONS",
    "GRANULARITIES",
    "PENALTIES",
    "RAMPS",
    "SCOPES",
    "Density",
    "Predictions",
    "SparseEnsemble",
    "SparseNetwork",
    "SummedExperts",
    "Weight",
    "apply_masks_",
    "compact",
    "find_gates",
    "find_units",
    "fit_to",
    "keep",
    "list_weights",
    "magnitude_masks",
    "maskable",
    "masked",
    "not_zero",
    "pack",
    "penalty_weight",
    "random_masks",
    "redrawn",
    "rewind",
    "sparsity_at",
    "sparsity_of_rounds",
    "unpack",
    "why_kept",
]
