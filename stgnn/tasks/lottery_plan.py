"""What a lottery-ticket experiment compares."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stgnn.errors import LARGEST_SEED, InputError, check_between, check_positive
from stgnn.networks.sparsity import sparsity_of_rounds
from stgnn.space import load_architecture

METHODS: dict[str, str] = {
    "iterative": "iterative pruning, rewound to the start",
    "iterative_late": "iterative pruning, rewound to an early epoch",
    "one_shot": "pruned at once, rewound to the start",
    "random_reinit": "masks of iterative pruning, random reinitialisation",
    "random_mask": "random masks with as many weights in each layer",
}


@dataclass(frozen=True)
class Lottery:
    """What is compared; see :func:`stgnn.commands.lottery`.

    Attributes:
        architecture: The network: a shipped name, a file or plain data.
        epochs: Epochs of every training.
        methods: Names of :data:`METHODS`.
        final: Share of the weights that is gone in the end.
        rate: Share of what is left that each round of iterative pruning takes.
        every: Controls and one-shot pruning are trained after each so many rounds, and after the last.
        rewind_epoch: Epoch whose weights ``iterative_late`` goes back to. Learning rate and order of the clips begin
            anew, for the epochs that are left.
        seeds: Each gives initial weights of its own.
        scope: What weights are compared with: all others (``global``) or those of their ``layer``; ``erdos_renyi``: of
            their layer, and small layers stay denser.
        learning_rate: Peak learning rate.
        weight_decay: Of weights.
        test: Whether the test split is scored too, for a final table.
    """

    architecture: Any
    epochs: int = 20
    methods: tuple[str, ...] = tuple(METHODS)
    final: float = 0.95
    rate: float = 0.2
    every: int = 3
    rewind_epoch: int = 3
    seeds: tuple[int, ...] = (0, 1, 2)
    scope: str = "erdos_renyi"
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    test: bool = False

    def __post_init__(self) -> None:
        check_between(1, epochs=self.epochs, every=self.every)
        check_positive(learning_rate=self.learning_rate)
        check_between(0, weight_decay=self.weight_decay)
        if unknown := sorted(set(self.methods) - set(METHODS)):
            raise InputError("no such method", given=unknown, allowed=list(METHODS))
        if not self.seeds or not self.methods:
            raise InputError("there is nothing to train", hint="give methods and seeds, one of each at least")
        if len(set(self.seeds)) < len(self.seeds):
            raise InputError("a seed is there twice", given=self.seeds, hint="the spread is that of different seeds")
        for seed in self.seeds:
            check_between(0, LARGEST_SEED, seeds=seed)
        if "iterative_late" in self.methods:
            check_between(1, self.epochs - 1, rewind_epoch=self.rewind_epoch)
        load_architecture(self.architecture)
        sparsity_of_rounds(self.final, self.rate)

    @property
    def levels(self) -> tuple[float, ...]:
        """Sparsity after each round."""
        return sparsity_of_rounds(self.final, self.rate)

    def pruned(self) -> Iterator[tuple[str, int, float]]:
        """Method, round (from 1) and sparsity of every training of a seed but the dense one, in an order that works."""
        for method in self._needed():
            for number, level in enumerate(self.levels, start=1):
                last = number == len(self.levels)
                if method.startswith("iterative") or last or number % self.every == 0:
                    yield method, number, level

    def _needed(self) -> tuple[str, ...]:
        """The methods in an order in which each finds the masks that it needs."""
        controls = {"random_reinit", "random_mask"} & set(self.methods)
        return tuple(name for name in METHODS if name in self.methods or (name == "iterative" and controls))
