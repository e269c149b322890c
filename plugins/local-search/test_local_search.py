import optuna
import pytest
from stgnn_local_search import LocalSearch

from stgnn.errors import InputError
from stgnn.search.sampler import PerTrialSampler
from stgnn.space import Space, load_space
from stgnn.testing import check_search_strategy

SPACE = load_space("tiny")


def test_search_strategy() -> None:
    check_search_strategy(LocalSearch(start=8))


@pytest.mark.parametrize("numbers", [(0, 1), (5, 0)])
def test_impossible_numbers_are_refused(numbers: tuple[int, int]) -> None:
    with pytest.raises(InputError):
        LocalSearch(*numbers)


def run(space: Space, trials: int, start: int) -> list[optuna.trial.FrozenTrial]:
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=PerTrialSampler(LocalSearch(start), space, seed=0)
    )
    for _ in range(trials):
        trial = study.ask()
        genotype = {gene.name: trial.suggest_categorical(gene.name, gene.choices) for gene in space.genes}
        architecture = space.decode(genotype)
        trial.set_user_attr("digest", architecture.digest)
        study.tell(trial, [architecture.depth, architecture.frames])
    return study.trials


def test_after_the_start_a_proposal_differs_from_a_member_of_the_front_in_one_gene() -> None:
    trials = run(SPACE, 20, start=10)
    codes = [SPACE.encode(SPACE.decode(trial.params)) for trial in trials]
    for number in range(10, 20):
        distances = [sum(codes[number][key] != code[key] for key in code) for code in codes[:number]]
        assert min(distances) >= 1  # new; deeper stages bring the genes of their new blocks with them
        assert min(distances) <= 6


def test_nothing_is_proposed_twice() -> None:
    trials = run(SPACE, 40, start=5)
    assert len({trial.user_attrs["digest"] for trial in trials}) == 40
