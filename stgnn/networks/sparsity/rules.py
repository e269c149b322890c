"""What each operation of PyTorch does to the labels of :mod:`stgnn.networks.sparsity.tracing`."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from stgnn.networks.sparsity.labels import WILD, Axis, Labels
from stgnn.networks.sparsity.tracing import Rule, Traced, Tracer

aten = torch.ops.aten
RULES: dict[Any, Rule] = {}
SomeRule = TypeVar("SomeRule", bound=Rule)


def _rule(*operations: Any) -> Callable[[SomeRule], SomeRule]:
    def enter(rule: SomeRule) -> SomeRule:
        RULES.update(dict.fromkeys(operations, rule))
        return rule

    return enter


@_rule(
    aten.detach, aten.clone, aten._to_copy, aten.alias, aten.relu, aten.relu_, aten.hardswish, aten.hardswish_,
    aten.hardtanh, aten.hardtanh_, aten.silu, aten.silu_, aten.gelu, aten.tanh, aten.neg, aten.abs, aten.leaky_relu,
)  # fmt: skip
def _same(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Element by element; zero stays zero."""
    known = tracer.of(args[0])
    return Traced(list(known.axes), known.zero)


@_rule(aten.sigmoid, aten.sigmoid_, aten.hardsigmoid, aten.exp, aten.rsqrt, aten.sqrt, aten.pow, aten.reciprocal)
def _moved(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Element by element; zero may become something else."""
    return Traced(list(tracer.of(args[0]).axes))


@_rule(aten.add, aten.add_, aten.sub, aten.maximum, aten.minimum)
def _sum(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Zero where both operands are."""
    vanish = [isinstance(arg, Tensor) and tracer.of(arg).vanishes for arg in args[:2]]
    return Traced(_meet(tracer, args[:2], out), all(vanish))


@_rule(aten.mul, aten.mul_)
def _product(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Zero where one factor is."""
    vanish = [isinstance(arg, Tensor) and tracer.of(arg).vanishes for arg in args[:2]]
    return Traced(_meet(tracer, args[:2], out), any(vanish))


@_rule(aten.div, aten.div_)
def _quotient(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Zero where the numerator is."""
    return Traced(_meet(tracer, args[:2], out), isinstance(args[0], Tensor) and tracer.of(args[0]).vanishes)


def _meet(tracer: Tracer, operands: Sequence[Any], out: Tensor, skip: int | None = None) -> list[Axis]:
    """The axes of broadcast operands, element by element; one axis may be skipped."""
    tensors = [operand for operand in operands if isinstance(operand, Tensor)]
    axes: list[Axis] = [None] * out.dim()
    for place in range(-out.dim(), 0):
        if place + out.dim() != skip:
            meeting = [one for one in tensors if -place <= one.dim() and one.shape[place] > 1]
            axes[place] = tracer.labels.merge([(tracer.of(one).axes[place], one.shape[place]) for one in meeting])
            if len(meeting) > 1 and all(tracer.of(one).weight for one in meeting):
                tracer.labels.tie([tracer.of(one).axes[place] for one in meeting])
    return axes


@_rule(aten.convolution)
def _convolution(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Output channels are rows of the weight; input channels are its columns, or its rows when each has its own."""
    x, weight, bias, *_, groups = args
    data, kernel, labels = tracer.of(x), tracer.of(weight), tracer.labels
    labels.freeze(*data.axes[2:], *kernel.axes[2:])
    rows = kernel.axes[0]
    if groups == 1:
        tracer.contract((data, data.axes[1]), (kernel, kernel.axes[1]), x.shape[1])
    elif groups == x.shape[1] == weight.shape[0]:
        rows = labels.merge([(data.axes[1], groups), (rows, groups)])
    else:
        labels.freeze(data.axes[1], *kernel.axes)
    if bias is not None:
        rows = labels.merge([(rows, weight.shape[0]), (tracer.of(bias).axes[0], weight.shape[0])])
    return Traced([data.axes[0], rows, *[None] * (out.dim() - 2)], kernel.zero)


@_rule(aten.native_batch_norm, aten._native_batch_norm_legit_no_training, aten._native_batch_norm_legit)
def _batch_norm(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """One of everything per channel; a masked scale and shift give zero."""
    x, *values = args[:5]
    axes = list(tracer.of(x).axes)
    channels = [(axes[1], x.shape[1]), *((tracer.of(one).axes[0], x.shape[1]) for one in values if one is not None)]
    axes[1] = tracer.labels.merge(channels)
    return Traced(axes, args[1] is not None and args[2] is not None)


@_rule(aten.mm)
def _matrix_product(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """(I, J) times (J, K)."""
    left, right = tracer.of(args[0]), tracer.of(args[1])
    tracer.contract((left, left.axes[1]), (right, right.axes[0]), args[0].shape[1])
    return Traced([left.axes[0], right.axes[1]], _product_vanishes(left.axes[0], left, right.axes[1], right))


@_rule(aten.bmm)
def _batched_product(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """(B, I, J) times (B, J, K)."""
    left, right = tracer.of(args[0]), tracer.of(args[1])
    batch = tracer.labels.merge([(left.axes[0], out.shape[0]), (right.axes[0], out.shape[0])])
    tracer.contract((left, left.axes[2]), (right, right.axes[1]), args[0].shape[2])
    zero = left.vanishes or right.vanishes
    if batch is None:
        zero = _product_vanishes(left.axes[1], left, right.axes[2], right)
    return Traced([batch, left.axes[1], right.axes[2]], zero)


def _product_vanishes(rows: Axis, left: Traced, columns: Axis, right: Traced) -> bool:
    """Whether a product is zero where its rows and columns with labels are."""
    return (rows is None or left.zero) and (columns is None or right.zero)


@_rule(aten.addmm)
def _affine(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """A matrix product and a bias per column."""
    product = _matrix_product(tracer, args[1:], out)
    bias = tracer.of(args[0])
    product.axes[1] = tracer.labels.merge([(product.axes[1], out.shape[1]), (bias.axes[-1], args[0].shape[-1])])
    return product


@_rule(aten.sum)
def _total(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """A sum does not notice zeros."""
    known, places = tracer.of(args[0]), _places(args)
    for axis in (known.axes[place] for place in places):
        if known.vanishes and axis is not None:
            tracer.labels.need_value(axis)
        else:
            tracer.labels.freeze(axis)
    return _without(known, places, args[0], out)


@_rule(aten.mean, aten.amax, aten.amin, aten.max, aten.min)
def _reduction(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Means and extremes notice every value they see."""
    known, places = tracer.of(args[0]), _places(args)
    tracer.labels.freeze(*(known.axes[place] for place in places))
    return _without(known, places, args[0], out)


def _places(args: tuple[Any, ...]) -> list[int]:
    """The axes that an operation reduces, from 0 on."""
    dims = args[0].dim()
    given = args[1] if len(args) > 1 else None
    if isinstance(given, int):
        return [given % dims]
    return list(range(dims)) if not given else [place % dims for place in given]


def _without(known: Traced, places: Sequence[int], x: Tensor, out: Tensor) -> Traced:
    """What is left after a reduction, which may keep the reduced axes with size 1."""
    axes = [None if place in places else axis for place, axis in enumerate(known.axes)]
    if out.dim() < x.dim():
        axes = [axis for place, axis in enumerate(axes) if place not in places]
    return Traced(axes, known.zero)


@_rule(aten._softmax)
def _softmax(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Shares of a whole: along the axis every value counts, and none is zero."""
    axes = list(tracer.of(args[0]).axes)
    tracer.labels.freeze(axes[args[1]])
    return Traced(axes)


@_rule(aten.max_pool2d_with_indices, aten.avg_pool2d, aten._adaptive_avg_pool2d)
def _pooling(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Channels by themselves."""
    known = tracer.of(args[0])
    tracer.labels.freeze(*known.axes[-2:])
    return Traced([*known.axes[:-2], None, None], known.zero)


@_rule(aten.view, aten._unsafe_view, aten._reshape_alias, aten.unsqueeze, aten.squeeze)
def _reshape(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """The same values under other axes."""
    known = tracer.of(args[0])
    return Traced(tracer.labels.reshape(known.axes, list(args[0].shape), list(out.shape)), known.zero)


@_rule(aten.permute)
def _permute(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Axes in another order."""
    known = tracer.of(args[0])
    return Traced([known.axes[place] for place in args[1]], known.zero)


@_rule(aten.transpose)
def _transpose(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Two axes exchanged."""
    known = tracer.of(args[0])
    axes = list(known.axes)
    axes[args[1]], axes[args[2]] = axes[args[2]], axes[args[1]]
    return Traced(axes, known.zero)


@_rule(aten.t)
def _turn(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """A matrix turned over."""
    known = tracer.of(args[0])
    return Traced(known.axes[::-1], known.zero)


@_rule(aten.expand)
def _expand(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """A repeated value fits any size."""
    x, known = args[0], tracer.of(args[0])
    axes: list[Axis] = [np.full(size, WILD) for size in out.shape[: out.dim() - x.dim()]]
    for axis, old, size in zip(known.axes, x.shape, out.shape[out.dim() - x.dim() :], strict=True):
        axes.append(axis if old == size else np.full(size, WILD))
    return Traced(axes, known.zero)


@_rule(aten.select)
def _select(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """One position of an axis: its code names it by number, so the axis must stay as it is."""
    x, place, *_ = args
    known = tracer.of(x)
    tracer.labels.freeze(known.axes[place])
    return Traced([axis for number, axis in enumerate(known.axes) if number != place % x.dim()], known.zero)


@_rule(aten.slice)
def _slice(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """A part of an axis named by numbers."""
    known = tracer.of(args[0])
    axes = list(known.axes)
    for place, (old, size) in enumerate(zip(args[0].shape, out.shape, strict=True)):
        if old != size:
            tracer.labels.freeze(axes[place])
            axes[place] = None
    return Traced(axes, known.zero)


@_rule(aten.cat)
def _cat(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Axes one after the other along one place, element by element along all others."""
    tensors = args[0]
    place = (args[1] if len(args) > 1 else 0) % out.dim()
    known = [tracer.of(tensor) for tensor in tensors]
    axes = _meet(tracer, tensors, out, skip=place)
    parts = [one.axes[place] for one in known]
    if any(part is not None for part in parts):
        axes[place] = np.concatenate(
            [_fixed(tracer, part, tensor.shape[place]) for part, tensor in zip(parts, tensors, strict=True)]
        )
    return Traced(axes, all(one.zero for one in known))


@_rule(aten.split_with_sizes)
def _split(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> list[Traced]:
    """What was concatenated, taken apart again; parts of anything else are named by numbers."""
    x, sizes, *rest = args
    known, place = tracer.of(x), (rest[0] if rest else 0) % x.dim()
    axis, cuts = known.axes[place], np.cumsum(sizes)[:-1]
    parts: list[Axis] = [None] * len(sizes)
    if axis is not None and tracer.labels.are_seams(axis, cuts):
        parts = [np.ascontiguousarray(part) for part in np.split(axis, cuts)]
    else:
        tracer.labels.freeze(axis)
    return [Traced([*known.axes[:place], part, *known.axes[place + 1 :]], known.zero) for part in parts]


def _fixed(tracer: Tracer, axis: Axis, size: int) -> Labels:
    """An axis with labels; one of fixed size gets labels that are never removed."""
    if axis is None:
        axis = tracer.labels.new(size)
        tracer.labels.freeze(axis)
    return axis


@_rule(aten.stack)
def _stack(tracer: Tracer, args: tuple[Any, ...], out: Tensor) -> Traced:
    """Element by element, and one axis more."""
    place = (args[1] if len(args) > 1 else 0) % out.dim()
    axes = _meet(tracer, args[0], args[0][0])
    return Traced([*axes[:place], None, *axes[place:]], all(tracer.of(one).zero for one in args[0]))
