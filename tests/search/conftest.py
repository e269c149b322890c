"""The toy search as a fixture: it is a program as well, so it cannot be a plain import of a test module."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOY = Path(__file__).with_name("toy.py")


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("search_toy", TOY)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["search_toy"] = module
    spec.loader.exec_module(module)
    return module
