"""A latency model without measurements: the roofline."""

from collections.abc import Mapping

from stgnn.errors import InputError
from stgnn.latency.base import LATENCY_MODELS, LatencyModel
from stgnn.skeleton import SkeletonLayout
from stgnn.space import Architecture


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
        if peak_gflops <= 0 or bandwidth_gbs <= 0 or dispatch_us < 0:
            raise InputError(
                "a roofline needs positive peaks",
                given=f"{peak_gflops} Gflop/s, {bandwidth_gbs} GB/s, {dispatch_us} us",
            )
        self.peak_gflops, self.bandwidth_gbs, self.dispatch_us = peak_gflops, bandwidth_gbs, dispatch_us

    def terms(self, architecture: Architecture, layout: SkeletonLayout, num_classes: int) -> Mapping[str, float]:
        """Milliseconds of all operations together; see :meth:`LatencyModel.terms`."""
        from stgnn.latency.cost import operations

        total = 0.0
        for operation in operations(architecture, layout, num_classes):
            arithmetic = 2 * operation.macs / self.peak_gflops  # in ns
            traffic = operation.bytes / self.bandwidth_gbs
            total += max(arithmetic, traffic) + 1e3 * self.dispatch_us
        return {"total": total * 1e-6}
