import pytest

from stgnn.errors import InputError, did_you_mean


def test_a_message_says_what_was_given_what_is_allowed_and_what_to_do() -> None:
    error = InputError("no such colour", given="blu", allowed=["red", "blue"], hint="did you mean blue?")
    assert str(error).splitlines() == [
        "no such colour",
        "  given:   blu",
        "  allowed: red, blue",
        "  hint:    did you mean blue?",
    ]


def test_only_what_is_known_is_said() -> None:
    assert str(InputError("no such colour")) == "no such colour"


@pytest.mark.parametrize("value", [0, "", False])
def test_a_value_that_is_false_is_still_shown(value: object) -> None:
    assert f"given:   {value}" in str(InputError("wrong", given=value))


def test_nothing_allowed_is_said_so() -> None:
    assert "allowed: (nothing)" in str(InputError("wrong", allowed=()))


def test_it_is_a_value_error_that_keeps_its_parts() -> None:
    error = InputError("wrong", given=3, allowed=(1, 2), hint="less")
    assert isinstance(error, ValueError)
    assert (error.what, error.given, error.allowed, error.hint) == ("wrong", 3, (1, 2), "less")


def test_what_is_spelled_alike_is_named_whatever_its_case() -> None:
    known = ("GELU", "Hardswish", "ReLU", "SiLU")
    assert did_you_mean("relu", known) == "did you mean ReLU or GELU?"
    assert did_you_mean("hardwish", known) == "did you mean Hardswish?"
    assert did_you_mean("Tanh", known) is did_you_mean("", known) is None
