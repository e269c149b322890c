import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stgnn.runtimes import Runtime

SOURCE = '''
import os, time
from stgnn.errors import InputError
from stgnn.runtimes import Runtime

class Fake(Runtime):
    """Its files say how many milliseconds a run takes, or what goes wrong."""
    suffix = ".fake"
    package = "numpy"

    def export(self, module, path, example, metadata):
        path.write_text(str(getattr(module, "ms", 0.1)))

    def metadata(self, path):
        return {}

    def session(self, path, threads=1):
        text = path.read_text()
        if text == "die":
            os._exit(7)
        if text == "hang":
            time.sleep(60)
        if text == "chatter":
            print("a library that prints")
        if text == "threads":
            return lambda x: time.sleep(1e-3 * int(os.environ["OMP_NUM_THREADS"]))
        seconds = 1e-3 * float({"chatter": "0.2"}.get(text, text))
        def run(x):
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                pass
        return run
'''


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """A runtime whose files need no exporter, importable by the measuring process."""
    (tmp_path / "fake_runtime.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("fake_runtime").Fake()
    del sys.modules["fake_runtime"]
