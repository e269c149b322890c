"""Laws of the genotype."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from stgnn.errors import InputError
from stgnn.skeleton import load_layout
from stgnn.space import (
    Architecture,
    BlockSpec,
    PlacedBlock,
    SearchSpace,
    Space,
    StageSpec,
    architecture_names,
    check_joints,
    cover,
    load_architecture,
    load_space,
    narrow,
    read_architecture,
    read_space,
    space_names,
)

SPACES = [read_space(name) for name in space_names()]
OF_BLOCKS = [space for space in SPACES if isinstance(space, SearchSpace)]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
@pytest.mark.parametrize("seed", range(20))
def test_round_trips(space: Space, seed: int) -> None:
    architecture = space.sample(random.Random(seed))
    assert space.decode(space.encode(architecture)) == architecture
    assert type(architecture).from_json(architecture.to_json()) == architecture
    assert read_architecture(json.loads(architecture.to_json(indent=2))).digest == architecture.digest
    assert space.contains(architecture)
    assert read_space(json.loads(json.dumps(space.to_dict()))) == space


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_another_number_of_frames_changes_nothing_else(space: Space) -> None:
    architecture = space.sample(random.Random(0))
    other = architecture.with_frames(architecture.frames + 7)
    assert type(other) is type(architecture) and other.frames == architecture.frames + 7
    assert other.with_frames(architecture.frames) == architecture
    with pytest.raises(InputError, match=r"frames|positive"):
        architecture.with_frames(0)


def test_an_architecture_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    architecture = load_architecture("STGCN++")
    path = tmp_path / "mine.json"
    path.write_text(architecture.to_json(), encoding="utf-8-sig")
    assert read_architecture(path) == architecture


def test_the_mean_as_readout_leaves_no_trace() -> None:
    """Digests and files of before there was a choice of readouts stay as they are."""
    architecture = load_architecture("STGCN++")
    other = replace(architecture, readout="TemporalReadout")
    assert architecture.digest == "b8c1d8f2ad7e" and "readout" not in architecture.to_dict()
    assert other.digest != architecture.digest and Architecture.from_json(other.to_json()) == other
    assert str(other) == f"{architecture} | TemporalReadout"
    space = load_space("tiny")
    wider = replace(space, readouts=("MeanReadout", "TemporalReadout"))
    assert space.digest == "c5def3a76870" and wider.digest != space.digest and wider.size == 2 * space.size
    assert SearchSpace.from_dict(wider.to_dict()) == wider
    assert wider.largest().readout == "TemporalReadout" and "TemporalReadout" in wider.largest().operators
    assert space.operators < wider.operators


@pytest.mark.parametrize("space", OF_BLOCKS, ids=lambda space: space.name)
def test_inactive_genes_do_not_count(space: SearchSpace) -> None:
    genotype = space.encode(space.smallest())
    last = max(name for name in genotype if name.startswith("stage1.block") and name.endswith("kernel"))
    other = genotype | {last: next(gene for gene in space.genes if gene.name == last).choices[-1]}
    assert last != "stage1.block1.kernel" and other != genotype
    assert space.decode(other) == space.decode(genotype)
    assert hash(space.decode(other)) == hash(space.decode(genotype))


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_mutation_and_crossover_stay_in_the_space(space: Space) -> None:
    rng = random.Random(0)
    for _ in range(50):
        first, second = space.sample(rng), space.sample(rng)
        child = space.mutate(first, rng)
        assert child != first and space.contains(child)
        mixed = space.encode(space.crossover(first, second, rng))
        parents = [space.encode(first), space.encode(second)]
        unused = space.encode(space.smallest())
        free = [name for name in mixed if not name.endswith("kernel")]  # a kernel follows the operator it is given to
        assert all(mixed[name] in (parents[0][name], parents[1][name], unused[name]) for name in free)


def test_sizes() -> None:
    space = load_space("tiny")
    assert load_space("edge").size > 10**12
    counted = {
        "name": "two", "streams": ["joint"], "frames": [8], "joints": [0], "stems": [8],
        "stages": [{"depths": [1, 2], "widths": [8], "stride": 1}], "spatial": ["GraphConv"],
        "temporal": {"TemporalConv": [3, 5], "TemporalShift": [3]},
    }  # fmt: skip
    small = SearchSpace.from_dict(counted)
    rng = random.Random(0)
    assert small.size == 3 + 9 == len({small.sample(rng) for _ in range(2000)})
    assert space.size > 10**6


def test_sized_samples_span_the_range() -> None:
    space, rng = load_space("edge"), random.Random(0)
    widths = {
        size: [sum(s.width for s in space.sample_sized(rng, size).stages) for _ in range(50)] for size in (0.0, 1.0)
    }
    assert max(widths[0.0]) < min(widths[1.0]) + 100 and sum(widths[0.0]) < 0.7 * sum(widths[1.0])


@pytest.mark.parametrize("name", architecture_names())
def test_shipped_architectures_load(name: str) -> None:
    architecture = load_architecture(name)
    assert Architecture.from_json(architecture.to_json()) == architecture


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"streams": ["joint", "velocity"]}, "wrong streams"),
        ({"stem": 0, "streams": ["joint", "bone"]}, "only one stream"),
        ({"stages": []}, "at least one stage"),
        ({"format": 99}, "unknown form"),
        ({"colour": "red"}, "unknown key .colour"),
    ],
)
def test_bad_architectures_are_refused(change: dict[str, object], message: str) -> None:
    data = load_architecture("STGCN++").to_dict() | change
    with pytest.raises(InputError, match=message):
        Architecture.from_dict(data)


def test_bad_genotypes_and_spaces_are_refused() -> None:
    space = load_space("tiny")
    genotype = space.encode(space.smallest())
    with pytest.raises(InputError, match=r"does not offer this value of stage1\.width"):
        space.decode(genotype | {"stage1.width": 7})
    with pytest.raises(InputError, match="lacks the gene"):
        space.decode({})
    with pytest.raises(InputError, match="unknown key 'colour'"):
        SearchSpace.from_dict(space.to_dict() | {"colour": ["red"]})
    with pytest.raises(InputError, match="there is no such search space"):
        load_space("enormous")


def changed(**fields: object) -> dict[str, object]:
    """The tiny space with other fields; ``widths`` and ``depths`` are those of its second stage."""
    data = load_space("tiny").to_dict()
    for key in fields.keys() & {"widths", "depths"}:
        data["stages"][1][key] = fields.pop(key)
    return data | fields


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temporal": {"TemporalConv": [3, 4, 5], "TemporalShift": [3]}}, "kernel sizes of TemporalConv: .*odd"),
        ({"temporal": {"TemporalConv": [3, 3, 5]}}, "kernel sizes of TemporalConv must go from small to large"),
        ({"temporal": {"TemporalConv": [5, 3]}}, "kernel sizes of TemporalConv must go from small to large"),
        ({"widths": [24, 16, 8]}, "widths of stage 2 must go from small to large"),
        ({"widths": [8, 0, 24]}, "widths of stage 2 must go from small to large"),
        ({"widths": [0, 8, 24]}, r"stage2\.width 0: a stage needs a positive width"),
        ({"depths": [2, 1]}, "depths of stage 2 must go from small to large"),
        ({"frames": [16, 8]}, "frames must go from small to large"),
        ({"stems": [16, 8]}, "stems must go from small to large"),
        ({"stems": [8, 8]}, "stems must go from small to large"),
        ({"joints": [0, 9]}, "joints .* must go from small to large"),
        ({"joints": [9, 5, 0]}, "joints .* must go from small to large"),
        ({"streams": ["joint", "jiont+bone", "joint+bone"]}, r"streams jiont\+bone: wrong streams"),
        ({"streams": ["joint+bone", "bone+joint"]}, "every set of streams once"),
        ({"stems": [0, 8], "streams": ["joint", "joint+bone"]}, "without a stem there can be only one stream"),
    ],
    ids=str,
)  # fmt: skip
def test_spaces_that_hold_what_cannot_be_built_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SearchSpace.from_dict(changed(**change))


def test_the_order_that_is_allowed_is_shown() -> None:
    with pytest.raises(InputError) as caught:
        SearchSpace.from_dict(changed(joints=[0, 9, 5]))
    assert str(caught.value).splitlines()[1:] == ["  given:   0, 9, 5", "  allowed: 5, 9, 0"]


def test_a_space_may_offer_networks_without_a_stem() -> None:
    space = SearchSpace.from_dict(changed(stems=[0, 8], streams=["joint", "bone"], joints=[5, 9]))
    assert {space.sample(random.Random(seed)).stem for seed in range(20)} == {0, 8}


@pytest.mark.parametrize("space", OF_BLOCKS, ids=lambda space: space.name)
def test_narrow_architectures_have_every_operator_at_every_width_and_kernel(space: SearchSpace) -> None:
    built = [*cover(space), *narrow(space)]
    for index, stage in enumerate(space.stages):
        stages = [architecture.stages[index] for architecture in built]
        met = {(one.width, name) for one in stages for block in one.blocks for name in (block.spatial, block.temporal)}
        names = {*space.spatial, *(name for name, _ in space.temporal)}
        assert met >= {(width, name) for width in stage.widths for name in names}
        kernels = {(block.temporal, block.kernel) for one in stages for block in one.blocks}
        assert kernels == {(name, kernel) for name, choices in space.temporal for kernel in choices}
    assert {architecture.stem for architecture in built} == set(space.stems)


def test_objects_are_passed_through() -> None:
    space, architecture = load_space("tiny"), load_architecture("STGCN++")
    assert load_space(space) is space and load_architecture(architecture) is architecture


def test_a_space_for_another_body_says_what_to_edit() -> None:
    check_joints(load_space("edge"), load_layout("coco17"))
    check_joints(load_space("tiny"), load_layout("hand21"))  # no body of nine is declared: it is computed
    with pytest.raises(InputError, match="does not offer all joint counts") as caught:
        check_joints(load_space("edge"), load_layout("natops8"))
    given, offered, hint = str(caught.value).splitlines()[1:]
    assert "joints: [5, 9, 0]" in given and "1 to 7, and 0 for every joint" in offered
    assert "edit `joints:` of the space" in hint


def test_placed_blocks_say_what_each_block_meets() -> None:
    block = BlockSpec("GraphConv", "TemporalConv", 5)
    stages = (StageSpec(16, 1, (block,)), StageSpec(32, 2, (block, block)))
    architecture = Architecture(("joint",), 15, 0, 0, stages)
    assert architecture.placed_blocks(coordinates=3) == (
        PlacedBlock(block, stage=0, source=3, target=16, stride=1, frames=15, residual=False),
        PlacedBlock(block, stage=1, source=16, target=32, stride=2, frames=15, residual=True),
        PlacedBlock(block, stage=1, source=32, target=32, stride=1, frames=8, residual=True),
    )
    first, *_, last = replace(architecture, stem=8).placed_blocks(coordinates=3)
    assert first.source == 8 and first.residual and last.frames_left == 8
