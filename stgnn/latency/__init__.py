"""Latency models predict how long a network takes on a device without running it.

``stgnn profile`` measures a device once (:mod:`stgnn.latency.profile`) and leaves a device file; the models read it::

    from stgnn.latency import Calibrated, load_device, side_by_side

    model = Calibrated("device.json")                        # the measured table, corrected by whole networks
    model.predict(architecture, layout, num_classes=10)      # Estimate(mean_ms=1.93, std_ms=0.08)

    side_by_side(load_device("device.json"))                 # held-out networks; FLOPs calibrated alike beside it
"""

from stgnn.latency.agreement import Agreement, evaluate
from stgnn.latency.base import LATENCY_MODELS, Estimate, LatencyModel
from stgnn.latency.calibrated import Calibrated
from stgnn.latency.comparison import side_by_side
from stgnn.latency.device import DeviceFile, load_device
from stgnn.latency.roofline import Roofline
from stgnn.latency.table import LatencyTable

__all__ = [
    "LATENCY_MODELS",
    "Agreement",
    "Calibrated",
    "DeviceFile",
    "Estimate",
    "LatencyModel",
    "LatencyTable",
    "Roofline",
    "evaluate",
    "load_device",
    "side_by_side",
]
