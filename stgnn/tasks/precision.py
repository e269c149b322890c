"""Whether half precision pays on the processor at hand."""

import time
import warnings

import torch

SIZE = 256  # of the square matrices that are multiplied to find out
SLOWER = 1.5  # from here on a user is told


def bfloat16_ratio(size: int = SIZE, repeats: int = 3) -> float:
    """Time of a matrix product in bfloat16, in units of the same in float32, on this processor.

    About 1/2 with matrix units for it; 50 or more where it is emulated, as on most processors without AVX-512.
    """
    shortest = {}
    for kind in (torch.float32, torch.bfloat16):
        matrix = torch.ones(size, size, dtype=kind)
        found = []
        for _ in range(repeats + 1):  # the first one also sets up
            start = time.perf_counter()
            matrix @ matrix
            found.append(time.perf_counter() - start)
        shortest[kind] = min(found)
    return shortest[torch.bfloat16] / shortest[torch.float32]


def warn_of_slow_bfloat16(precision: str, device: torch.device) -> None:
    """Warn of a training in bfloat16 on a processor that is slower in it.

    Args:
        precision: As the Trainer calls it.
        device: What the training runs on; only the processor is tried.
    """
    if "bf16" not in precision or device.type != "cpu":
        return
    ratio = bfloat16_ratio()
    if ratio > SLOWER:
        what = f"this processor multiplies bfloat16 {ratio:.1f} times slower than float32: set precision to 32-true"
        warnings.warn(what, stacklevel=2)
