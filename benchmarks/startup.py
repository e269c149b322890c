"""How long the command line takes to say what is wrong: help, lists, and the refusal of a bad recipe.

    python benchmarks/startup.py

Whole processes, median and range of nine runs each. Writes ``benchmarks/startup.json``.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stgnn.runtimes.base import device_name

RUNS = 9
BAD = {
    "fit": "model: {class_path: SupernetTask, init_args: {spcae: edge}}\ndata: {class_path: SyntheticDataModule}\n",
    "search": "supernet: a.ckpt\nstrategy: {class_path: NSGA2, init_args: {populaton: 3}}\n",
}


def seconds(*arguments: str) -> list[float]:
    """Wall seconds of each run."""
    found = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "stgnn", *arguments], capture_output=True, check=False)
        found.append(time.perf_counter() - start)
    return found


def main() -> None:
    """Measure and write."""
    commands = {"--help": ["--help"], "list spaces": ["list", "spaces"], "list operators": ["list", "operators"]}
    with tempfile.TemporaryDirectory() as folder:
        for word, text in BAD.items():
            path = Path(folder) / f"{word}.yaml"
            path.write_text(text)
            commands[f"refusal of a bad {word} recipe"] = [word, "--config", str(path)]
        rows = {}
        for name, arguments in commands.items():
            found = seconds(*arguments)
            rows[name] = {"median": statistics.median(found), "min": min(found), "max": max(found)}
    result = {"device": device_name(), "runs": RUNS, "seconds": rows}
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
