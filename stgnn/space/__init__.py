"""The genotype: what an architecture is, and which architectures a search may choose from. Imports no torch.

>>> import random
>>> from stgnn.space import load_space
>>> space = load_space("tiny")
>>> space.decode(space.encode(space.largest())) == space.largest()
True
"""

from stgnn.space.architecture import (
    DEFAULT_READOUT,
    Architecture,
    BlockSpec,
    PlacedBlock,
    StageSpec,
)
from stgnn.space.base import BaseArchitecture, BaseSpace
from stgnn.space.covering import cover, narrow
from stgnn.space.genes import Gene, StageSpace
from stgnn.space.library import (
    Space,
    architecture_names,
    check_joints,
    load_architecture,
    load_space,
    read_architecture,
    read_space,
    space_names,
)
from stgnn.space.search_space import SearchSpace
from stgnn.space.sgn import SGNArchitecture, SGNSpace

__all__ = [
    "DEFAULT_READOUT",
    "Architecture",
    "BaseArchitecture",
    "BaseSpace",
    "BlockSpec",
    "Gene",
    "PlacedBlock",
    "SGNArchitecture",
    "SGNSpace",
    "SearchSpace",
    "Space",
    "StageSpace",
    "StageSpec",
    "architecture_names",
    "check_joints",
    "cover",
    "load_architecture",
    "load_space",
    "narrow",
    "read_architecture",
    "read_space",
    "space_names",
]
