"""What a word of the command line tells of a study: its name and its front, as plain data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stgnn.errors import InputError

if TYPE_CHECKING:
    from stgnn.search.study import Evaluation

NOTHING_FEASIBLE = (
    "no architecture keeps the limits of the search: raise --trials to search on, or begin a study of another --name "
    "with a larger --budget_ms or --max_parameters"
)


def study_name(study: str, name: str | None) -> str:
    """The name of a study, when it is given or when there is only one.

    Raises:
        InputError: there are several, or the one that was named is not there.
    """
    from stgnn.search.study import RANDOM_SUFFIX, study_names

    names = study_names(study)
    own = [one for one in names if not one.endswith(RANDOM_SUFFIX)]
    if name is None and len(own) == 1:
        return own[0]
    if not names:
        raise InputError(f"there is no study in {study}", given=study, hint="run a search first, or correct the path")
    if name is None:
        raise InputError(f"there are several studies in {study}", allowed=names, hint="give one of them with --name")
    if name not in names:
        raise InputError(f"there is no study of this name in {study}", given=name, allowed=names, hint="give --name")
    return name


def front_rows(evaluations: "Sequence[Evaluation]") -> dict[str, Any]:
    """The front of a study, from fast to slow, and its knee, as plain data; a note when nothing is feasible."""
    from stgnn.search.extract import choose
    from stgnn.search.pareto import front

    members = front(evaluations)
    if not members:
        return {"front": [], "note": NOTHING_FEASIBLE}
    return {"front": [one.to_dict() for one in members], "chosen": choose(evaluations).to_dict()}
