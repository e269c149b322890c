import ctypes
import sys

import pytest

from stgnn.allocator import tune_allocator

GLIBC = sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")


@pytest.mark.skipif(not GLIBC, reason="only glibc has these settings")
def test_it_is_done_with_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STGNN_ALLOCATOR", raising=False)
    assert tune_allocator()


def test_the_environment_can_forbid_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STGNN_ALLOCATOR", "default")
    assert not tune_allocator()


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not tune_allocator()


def test_other_c_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STGNN_ALLOCATOR", raising=False)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not tune_allocator()
