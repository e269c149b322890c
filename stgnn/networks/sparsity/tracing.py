"""Watching one forward pass to learn which channels of a network belong together.

The network runs under a dispatch mode that sees every operation; values do not matter. (On the meta device it would
take longer: batch norms and activations are slow there.) Each axis of each weight starts with a label per position;
operations join labels (a convolution joins what it reads with the columns of its weight), and an operation without a
rule freezes what it touches. So an unknown operator costs freedom, never correctness.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from stgnn.networks.sparsity.labels import Axis, LabelSets, is_wild


@dataclass
class Traced:
    """What is known of a tensor.

    Attributes:
        axes: Labels along each axis.
        zero: Whether the value is zero where all weights of a label are zero.
        weight: Whether it is made of weights alone.
    """

    axes: list[Axis]
    zero: bool = False
    weight: bool = False

    @property
    def vanishes(self) -> bool:
        """Whether it has labels and is zero where their weights are."""
        return self.zero and any(axis is not None and not is_wild(axis) for axis in self.axes)


class Tracer(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records what every operation does to labels.

    Args:
        labels: The sets to join.
        rules: What each operation does, by its name.
    """

    def __init__(self, labels: LabelSets, rules: "Mapping[Any, Rule]") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.labels, self._rules = labels, rules
        self._known: dict[int, tuple[Tensor, Traced]] = {}  # the tensor is kept, so that its id stays its own

    def enter(self, tensor: Tensor, traced: Traced) -> None:
        """Say what is known of a tensor."""
        self._known[id(tensor)] = tensor, traced

    def of(self, tensor: Tensor) -> Traced:
        """What is known of a tensor; a constant has fixed axes."""
        known = self._known.get(id(tensor))
        return known[1] if known is not None else Traced([None] * tensor.dim(), weight=True)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        before = [self.of(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        result = func(*args, **(kwargs or {}))
        rule = self._rules.get(func.overloadpacket)
        outputs = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        for output in outputs:
            self.enter(output, Traced([None] * output.dim()))
        if rule is not None and outputs:
            found = rule(self, args, outputs[0])
            for output, traced in zip(outputs, [found] if isinstance(found, Traced) else found, strict=False):
                traced.weight = all(one.weight for one in before)
                self.enter(output, traced)
        else:
            for one in before:
                self.labels.freeze(*one.axes)
        return result

    def contract(self, left: tuple[Traced, Axis], right: tuple[Traced, Axis], size: int) -> None:
        """Two axes are multiplied and summed over."""
        if size == 1:
            return
        for (traced, axis), (_, other) in ((left, right), (right, left)):
            if traced.weight and axis is not None and other is not None:
                self.labels.consume(axis)
        joined = self.labels.merge([(left[1], size), (right[1], size)])
        if joined is None or left[0].weight != right[0].weight:
            return
        if left[0].vanishes or right[0].vanishes:
            self.labels.need_value(joined)
        else:
            self.labels.freeze(joined)


Rule = Callable[[Tracer, tuple[Any, ...], Tensor], Traced | list[Traced]]
"""From the arguments of an operation and its first result to what is known of that result, or of all of them."""
