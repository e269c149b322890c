"""SGN in steps: its members, their names as actions, and what is refused."""

from pathlib import Path

import pytest

import stgnn
from stgnn.errors import InputError
from stgnn.space import SGNArchitecture, SGNSpace, load_architecture, load_space, read_architecture, read_space

SMALL = SGNSpace("small", joints=(1, 0), embeddings=(4, 8), layers=((4, 8, 16), (8, 16)))


def test_members_are_all_and_distinct() -> None:
    members = list(SMALL.members())
    assert len(set(members)) == len(members) == SMALL.size == 2 * 2 * 3 * 2
    assert members[0] == SMALL.smallest() and members[-1] == SMALL.largest()
    assert len({one.digest for one in members}) == SMALL.size


def test_names_of_actions_lead_back() -> None:
    for one in SMALL.members():
        assert SMALL.of_action(one.action(25), 25) == one
    assert SMALL.largest().action(25) == "w8-16-16-25"
    assert SMALL.smallest().action(25) == "w4-4-8-1"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("big-25", "no action of this name"),
        ("w8-16-25", "no action of this name"),
        ("w8-16-12-25", r"does not offer this value of layer2\.width"),
        ("w8-16-16-7", "does not offer this value of joints"),
        ("w8-x-16-1", r"does not offer this value of layer1\.width"),
        ("w8-16-16-0", "no action of this name"),
        ("w08-16-16-25", "no action of this name"),
    ],
)
def test_names_that_are_none(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        SMALL.of_action(name, 25)


def test_the_shipped_space_lies_between_the_published_models() -> None:
    space = read_space("sgn")
    assert isinstance(space, SGNSpace)
    assert str(space.largest()) == "SGN: joint, 20 frames, all joints, embedding 64 | 128, 256, 256"
    assert space.largest().module == "w64-128-256" and space.smallest().joints == 1
    costs = [one.relative_cost for one in (space.smallest(), space.largest())]
    assert costs[0] * 5 < costs[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joints": [0, 1]}, "joints must go from small to large"),
        ({"embeddings": [64, 32]}, r"embedding\.width must go from small to large"),
        ({"layers": [[64, 32]]}, r"layer1\.width must go from small to large"),
        ({"embeddings": []}, "needs at least one choice"),
        ({"embeddings": [0, 8]}, "positive"),
        ({"frames": "many"}, "wrong kind"),
        ({"stream": "sideways"}, "no such stream"),
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"layers": 7}, "layers must be a list"),
        ({"kind": "other"}, "no such kind"),
    ],
    ids=str,
)
def test_spaces_that_cannot_be_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_space(SMALL.to_dict() | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding": 128}, "at most the width"),
        ({"layers": [0]}, "positive"),
        ({"joints": True}, "wrong kind"),
        ({"format": 9}, "unknown form"),
        ({"colour": 1}, "unknown key"),
    ],
    ids=str,
)
def test_architectures_that_cannot_be_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_architecture(SMALL.largest().to_dict() | change)


def test_an_architecture_is_read_from_a_name_a_file_plain_data_or_itself(tmp_path: Path) -> None:
    for architecture in (SMALL.largest(), load_architecture("STGCN++")):
        path = tmp_path / f"{architecture.digest}.json"
        path.write_text(architecture.to_json())
        for source in (path, str(path), architecture.to_dict(), architecture):
            assert read_architecture(source) == architecture
    assert read_architecture("STGCN++") == load_architecture("STGCN++")


def test_the_two_kinds_are_not_mixed_up() -> None:
    with pytest.raises(InputError, match="an architecture of SGN, not of a network of blocks"):
        load_architecture(SMALL.largest().to_dict())
    with pytest.raises(InputError, match=r"a space of SGN(.*\n)*.*read_space"):
        load_space("sgn")
    assert isinstance(stgnn.read_space("sgn"), stgnn.SGNSpace)
    assert isinstance(stgnn.read_space("sgn").largest(), stgnn.SGNArchitecture)
    with pytest.raises(InputError, match="not in the space 'small'"):
        SMALL.encode(load_architecture("STGCN++"))
    with pytest.raises(InputError, match="not in the space 'tiny'"):
        load_space("tiny").encode(SMALL.largest())
    with pytest.raises(InputError, match="this is not an SGN"):
        SGNArchitecture.from_dict(load_architecture("STGCN++").to_dict() | {"kind": "other"})
