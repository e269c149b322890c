"""A latency model without measurements: the roofline."""

import math
from collections.abc import Mapping

from stgnn.errors import InputError
from stgnn.latency.base import LATENCY_MODELS, LatencyModel
from stgnn.skeleton import SkeletonLayout
from stgnn.space import BaseArchitecture


@LATENCY_MODELS.register
class Roofline(LatencyModel):
    """Every operation takes the longer of its arithmetic and its memory traffic, and a constant to start.

    ``ms = sum_op max(2 MACs / peak, bytes / bandwidth) + dispatch``. With ``bandwidth_gbs=math.inf, dispatch_us=0``
    it is the count of floating-point operations in milliseconds. Williams et al., "Roofline", CACM 2009.

    Args:
        peak_gflops: Floating-point operations per nanosecond at best.
        bandwidth_gbs: Bytes per nanosecond between memory and processor.
        dispatch_us: Microseconds to start one operation.
    """

    def __init__(self, peak_gflops: float = 100.0, bandwidth_gbs: float = 20.0, dispatch_us: float = 2.0) -> None:
        if not (peak_gflops > 0 and bandwidth_gbs > 0 and 0 <= dispatch_us < math.inf):
            raise InputError(
                "a roofline needs positive peaks",
                given=f"peak_gflops {peak_gflops}, bandwidth_gbs {bandwidth_gbs}, dispatch_us {dispatch_us}",
                allowed="the first two above 0, the last 0 or more",
            )
        self.peak_gflops, self.bandwidth_gbs, self.dispatch_us = peak_gflops, bandwidth_gbs, dispatch_us

    def terms(self, architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> Mapping[str, float]:
        """Milliseconds of all operations together; see :meth:`LatencyModel.terms`."""
        from stgnn.latency.cost import operations

        total = 0.0
        for operation in operations(architecture, layout, num_classes):
            arithmetic = 2 * operation.macs / self.peak_gflops  # in ns
            traffic = operation.bytes / self.bandwidth_gbs
            total += max(arithmetic, traffic) + 1e3 * self.dispatch_us
        return {"total": total * 1e-6}
