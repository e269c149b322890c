"""Networks: what an architecture describes, the supernet that holds them all, and their checkpoints. No Lightning here.

>>> from stgnn.networks import Network
>>> from stgnn.skeleton import load_layout
>>> from stgnn.space import load_architecture
>>> network = Network(load_architecture("STGCN++"), load_layout("ntu25"), num_classes=60)
>>> sum(parameter.numel() for parameter in network.parameters())
1403144
"""

from stgnn.networks.block import Block
from stgnn.networks.checkpoint import (
    Loaded,
    check_run_checkpoint,
    describe,
    load_any,
    load_model,
    load_network,
    load_supernet,
    save_checkpoint,
    save_compressed,
)
from stgnn.networks.deploy import DeployedNetwork
from stgnn.networks.ensemble import Ensemble
from stgnn.networks.models import Model, make_network
from stgnn.networks.network import Network, Stem
from stgnn.networks.sgn import SGN, AdaSGN
from stgnn.networks.supernet import Supernet

__all__ = [
    "SGN",
    "AdaSGN",
    "Block",
    "DeployedNetwork",
    "Ensemble",
    "Loaded",
    "Model",
    "Network",
    "Stem",
    "Supernet",
    "check_run_checkpoint",
    "describe",
    "load_any",
    "load_model",
    "load_network",
    "load_supernet",
    "make_network",
    "save_checkpoint",
    "save_compressed",
]
