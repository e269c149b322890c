"""What a body is: layouts, graphs, streams, transforms, conversions, drawings. Importing this package imports no torch.

>>> from stgnn.skeleton import adjacency, load_layout
>>> layout = load_layout("ntu25")
>>> layout.num_joints, layout.coarse_counts, adjacency(layout, "spatial").shape
(25, (9, 5, 1), (3, 25, 25))

What works on tensors lies in `stgnn.skeleton.streams` and `stgnn.skeleton.transforms`.
"""

from stgnn.skeleton.convert import Converted, convert
from stgnn.skeleton.draw import layout_svg, pose_svg, upward
from stgnn.skeleton.graph import PARTITIONS, adjacency, hop_distance
from stgnn.skeleton.layout import SkeletonLayout, layout_names, load_layout
from stgnn.skeleton.names import STREAMS

__all__ = [
    "PARTITIONS",
    "STREAMS",
    "Converted",
    "SkeletonLayout",
    "adjacency",
    "convert",
    "hop_distance",
    "layout_names",
    "layout_svg",
    "load_layout",
    "pose_svg",
    "upward",
]
