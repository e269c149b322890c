"""Every latency model of a device beside the others, on the networks that no model was fitted to."""

import math
from typing import Any

from stgnn.errors import InputError
from stgnn.latency.agreement import Agreement, evaluate
from stgnn.latency.calibrated import FEWEST, Calibrated
from stgnn.latency.device import DeviceFile
from stgnn.latency.roofline import Roofline
from stgnn.latency.table import LatencyTable


def side_by_side(device: DeviceFile) -> dict[str, Agreement]:
    """Accuracy of the table, of the calibrated table, and of a roofline and of bare FLOPs with the same calibration.

    Raises:
        InputError: the device file has fewer than two held-out networks, or too few to calibrate with.
    """
    records = device.records("holdout")
    if len(records) < 2:
        raise InputError(
            "checking needs at least 2 held-out networks", given=len(records), hint="stgnn profile --holdout 40"
        )
    models = {
        "LatencyTable": LatencyTable(device),
        "LatencyTable, calibrated": Calibrated(device),
        "Roofline, calibrated": Calibrated(device, base=Roofline()),
        "FLOPs, calibrated": Calibrated(device, base=Roofline(bandwidth_gbs=math.inf, dispatch_us=0.0)),
    }
    return {name: evaluate(model, records, device.layout, device.num_classes) for name, model in models.items()}


def summary(device: DeviceFile) -> dict[str, Any]:
    """A device file as short plain data: conditions, counts, and how well held-out networks are predicted."""
    facts = {**device.conditions, "date": device.date, "spread": device.spread}
    facts |= {"parts": len(device.entries), "networks": len(device.networks)}
    if len(device.records("calibration")) >= FEWEST and len(device.records("holdout")) >= 2:
        facts["holdout"] = {name: accuracy.to_dict() for name, accuracy in side_by_side(device).items()}
    return facts
