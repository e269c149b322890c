"""The vocabulary of networks: spatial and temporal operators, attentions and readouts, plain modules in one registry.

    >>> from stgnn.operators import OPERATORS
    >>> OPERATORS["TemporalConv"].__name__
    'TemporalConv'

Each is built for given channel counts and a body; elasticity, cost counting and export come from elsewhere, for plugins
too.
"""

from stgnn.operators.attention import JointFrameAttention
from stgnn.operators.base import (
    ACTIVATIONS,
    OPERATORS,
    AttentionOperator,
    Operator,
    ReadoutOperator,
    SpatialOperator,
    TemporalOperator,
)
from stgnn.operators.dynamic import AdaptiveGraphConv, ChannelTopologyGraphConv, DynamicGroupGraphConv, JointAttention
from stgnn.operators.folding import fold_batch_norms
from stgnn.operators.readout import MeanReadout, TemporalReadout
from stgnn.operators.spatial import GraphConv, JointMixer, LearnedGraphConv
from stgnn.operators.temporal import (
    DepthwiseTemporalConv,
    DynamicGroupTemporalConv,
    MultiBranchTemporalConv,
    MultiScaleTemporalConv,
    TemporalConv,
    TemporalPool,
    TemporalShift,
)

__all__ = [
    "ACTIVATIONS",
    "OPERATORS",
    "AdaptiveGraphConv",
    "AttentionOperator",
    "ChannelTopologyGraphConv",
    "DepthwiseTemporalConv",
    "DynamicGroupGraphConv",
    "DynamicGroupTemporalConv",
    "GraphConv",
    "JointAttention",
    "JointFrameAttention",
    "JointMixer",
    "LearnedGraphConv",
    "MeanReadout",
    "MultiBranchTemporalConv",
    "MultiScaleTemporalConv",
    "Operator",
    "ReadoutOperator",
    "SpatialOperator",
    "TemporalConv",
    "TemporalOperator",
    "TemporalPool",
    "TemporalReadout",
    "TemporalShift",
    "fold_batch_norms",
]
