"""SGN and AdaSGN: networks that look at single frames, and one that decides how closely.

>>> from stgnn.networks.sgn import SGN
>>> from stgnn.skeleton import load_layout
>>> sum(parameter.numel() for parameter in SGN(load_layout("ntu25"), 60).parameters())
691048
"""

from stgnn.networks.sgn.adasgn import AdaSGN, Decided, branches_of
from stgnn.networks.sgn.branch import Branch
from stgnn.networks.sgn.deploy import DeployedAdaSGN, DeployedSGN
from stgnn.networks.sgn.policy import POLICIES, ConvPolicy, Policy
from stgnn.networks.sgn.sgn import SGN
from stgnn.networks.sgn.spatial import SIZES, SpatialModule, module_widths

__all__ = [
    "POLICIES",
    "SGN",
    "SIZES",
    "AdaSGN",
    "Branch",
    "ConvPolicy",
    "Decided",
    "DeployedAdaSGN",
    "DeployedSGN",
    "Policy",
    "SpatialModule",
    "branches_of",
    "module_widths",
]
