"""What the checks share."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

    from stgnn.runtimes import Runtime

CLASSES = 4


def expect(kept: bool, broken: str) -> None:
    """Raise ``AssertionError(broken)`` unless the promise is kept; unlike ``assert`` also under ``python -O``."""
    if not kept:
        raise AssertionError(broken)


def difference(one: "Tensor", other: "Tensor") -> float:
    """Largest difference, relative to the largest value where that exceeds 1."""
    return float((one - other).abs().max() / one.abs().max().clamp_min(1.0))


def randomise(module: "nn.Module") -> None:
    """Give zero-initialised gates and batch-norm statistics values that make a wrong rewrite show."""
    import torch
    from torch.nn.modules.batchnorm import _BatchNorm

    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
        for norm in module.modules():
            if isinstance(norm, _BatchNorm) and norm.running_mean is not None and norm.running_var is not None:
                norm.running_mean.normal_(0.0, 0.3)
                norm.running_var.uniform_(0.5, 2.0)
                norm.weight.uniform_(0.5, 1.5)


def expect_equal_runs(runtime: "Runtime", path: Path, module: "nn.Module", example: "Tensor") -> None:
    """The exported file must compute what the module computes, for more than one batch size."""
    import torch

    run = runtime.session(path, threads=1)
    for batch in (1, 3):
        x = torch.randn(batch, *example.shape[1:])
        with torch.no_grad():
            wanted = module(x)
        got = torch.from_numpy(run(x.numpy()))
        expect(
            got.shape == wanted.shape,
            f"{runtime.name} gives {tuple(got.shape)} for batch {batch}, not {tuple(wanted.shape)}",
        )
        off = difference(wanted, got)
        expect(off <= 1e-4, f"{runtime.name} differs from PyTorch by {off:.1e} for batch {batch}, more than 1e-4")
