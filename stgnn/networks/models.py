"""The kinds of networks that are trained, stored, exported and timed as they are, and the plain data that tells them
apart.
"""

from collections.abc import Mapping
from typing import Any

import torch

from stgnn.errors import InputError
from stgnn.networks.ensemble import Ensemble
from stgnn.networks.network import Network
from stgnn.networks.sgn import SGN, AdaSGN
from stgnn.skeleton import SkeletonLayout
from stgnn.space import Architecture, BaseArchitecture, SGNArchitecture

Model = Network | SGN | AdaSGN | Ensemble

CONTENT = {  # what each kind is described by
    "network": "architecture",
    "sgn": "options",
    "adasgn": "options",
    "ensemble": "members",
}


def make_network(architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> Network | SGN:
    """The untrained network that an architecture stands for.

    Raises:
        InputError: an operator is unknown, or the layout does not offer the joint count.
    """
    if isinstance(architecture, SGNArchitecture):
        return SGN(
            layout,
            num_classes,
            frames=architecture.frames,
            joints=architecture.joints,
            size=architecture.module,
            stream=architecture.stream,
            width=architecture.width,
        )
    if isinstance(architecture, Architecture):
        return Network(architecture, layout, num_classes)
    raise InputError("no network is made from this", given=architecture, allowed="Architecture, SGNArchitecture")


def to_content(model: Model) -> dict[str, Any]:
    """Kind and description of a network as plain data; :func:`build` reads it back."""
    if isinstance(model, Network):
        return {"kind": "network", "architecture": model.architecture.to_dict()}
    if isinstance(model, Ensemble):
        return {"kind": "ensemble", "members": [to_content(one) for one in model.members]}
    return {"kind": "sgn" if isinstance(model, SGN) else "adasgn", "options": dict(model.options)}


def build(content: Mapping[str, Any], layout: SkeletonLayout, num_classes: int) -> Model:
    """An untrained network from its description.

    Raises:
        InputError: there is no such kind, or the description does not fit it.
    """
    kind = content.get("kind")
    if kind not in CONTENT or not isinstance(content.get(CONTENT[kind]), list if kind == "ensemble" else Mapping):
        raise InputError("this describes no network", given=kind, allowed=tuple(CONTENT))
    if kind == "ensemble":
        members = [build(one, layout, num_classes) for one in content["members"] if isinstance(one, Mapping)]
        return Ensemble([one for one in members if isinstance(one, Network | SGN)])
    if kind == "network":
        return Network(Architecture.from_dict(content["architecture"]), layout, num_classes)
    try:
        return (SGN if kind == "sgn" else AdaSGN)(layout, num_classes, **content["options"])
    except (TypeError, AttributeError) as error:
        hint = "use the release that wrote it"
        raise InputError(f"this is no description of {kind}", given=content["options"], hint=hint) from error


def tensor_shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a network, by name."""
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def is_compact(model: Model) -> bool:
    """Whether units were removed from a network, so that its tensors are smaller than its description says."""
    with torch.random.fork_rng(devices=[]):  # the meta device takes no random numbers, but seconds to wake up
        whole = build(to_content(model), model.layout, model.num_classes)
    return tensor_shapes(whole) != tensor_shapes(model)
