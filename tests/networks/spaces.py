"""A space in which every operator of the package meets every size: what laws of networks are tested on."""

from stgnn.space import SearchSpace

EVERY_OPERATOR = SearchSpace.from_dict(
    {
        "name": "every",
        "streams": ["joint", "joint+bone_motion"],
        "frames": [8, 16],
        "joints": [5, 9, 0],
        "stems": [8, 16],
        "stages": [
            {"depths": [1, 2], "widths": [8, 16, 32], "stride": 1},
            {"depths": [1, 2], "widths": [16, 32], "stride": 2},
        ],
        "spatial": [
            "JointMixer", "GraphConv", "LearnedGraphConv", "AdaptiveGraphConv", "ChannelTopologyGraphConv",
            "DynamicGroupGraphConv", "JointAttention",
        ],
        "temporal": {
            "TemporalPool": [1, 3], "TemporalShift": [3],
            "DepthwiseTemporalConv": [3, 5, 7], "MultiBranchTemporalConv": [3],
            "DynamicGroupTemporalConv": [3], "MultiScaleTemporalConv": [3, 5], "TemporalConv": [3, 9],
        },
        "activations": ["ReLU", "Hardswish"],
        "attentions": ["none", "JointFrameAttention"],
        "readouts": ["MeanReadout", "TemporalReadout"],
    }
)  # fmt: skip
