"""Finding the layout of a source by the names of its joints."""

from collections.abc import Sequence
from pathlib import Path

from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout, layout_names, load_layout

MOST_SHOWN = 40
"""Joints that a message names: all of a body, and not a whole column of something else."""


def match_joints(
    names: Sequence[str] | None, count: int, layout: SkeletonLayout | None, source: Path
) -> tuple[SkeletonLayout, list[int] | None]:
    """The layout of a source, and which joint of the source stands at each place of it.

    Args:
        names: Names of the joints in the order of the source. None: it does not name them.
        count: Number of joints of the source.
        layout: What the user asked for. None: the shipped layout that has the joints of the source, in any order.
        source: For the messages.

    Returns:
        The layout and the order; None for the order of the source, also when it does not name its joints.

    Raises:
        InputError: no layout has these joints, or the one that was asked for has others.
    """
    body = layout or find_layout(names, source)
    if names is None:
        return body, None
    if len(names) != count:
        raise InputError(f"{source} needs one joint name for each joint", given=len(names), allowed=count)
    if sorted(names) != sorted(body.joints):
        raise InputError(
            f"the joints of {source} do not match the layout {body.name!r}",
            given=_difference(names, body.joints) or names,
            allowed=_difference(body.joints, names) or body.joints,
            hint="name another layout, or write a layout file with the joint names of the source",
        )
    order = [names.index(joint) for joint in body.joints]
    return body, None if order == list(range(len(order))) else order


def find_layout(names: Sequence[str] | None, source: Path) -> SkeletonLayout:
    """The shipped layout that has these joints and no others, in any order.

    Args:
        names: Names of the joints. None: the source does not name them.
        source: For the message.

    Raises:
        InputError: there is none.
    """
    for candidate in map(load_layout, layout_names()):
        if names is not None and sorted(candidate.joints) == sorted(names):
            return candidate
    raise InputError(
        f"the layout of {source} is not known",
        given="no names of joints" if names is None else names[:MOST_SHOWN],
        allowed=f"the joints of one of: {', '.join(layout_names())}",
        hint="say --layout NAME, or --layout FILE.yaml with a layout of your own",
    )


def _difference(names: Sequence[str], others: Sequence[str]) -> list[str]:
    return [name for name in names if name not in set(others)]
