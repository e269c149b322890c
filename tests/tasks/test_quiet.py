"""What a training shows while it runs."""

from pathlib import Path
from typing import Any

import pytest

from stgnn.cli import main
from stgnn.tasks.quiet import PlainBar

RECIPE = """
model: {class_path: SupernetTask, init_args: {space: tiny, calibration_clips: 8}}
data: {class_path: SyntheticDataModule, init_args: {clips: 64, frames: 8, batch_size: 16}}
trainer: {max_epochs: 1, accelerator: cpu, limit_val_batches: 0}
"""


@pytest.mark.parametrize("shown", [True, False])
def test_the_bar_tells_the_loss_and_no_number_of_a_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(RECIPE)
    beside: list[set[str]] = []
    metrics = PlainBar.get_metrics

    def watched(bar: PlainBar, *given: Any) -> dict[str, Any]:
        found = metrics(bar, *given)
        beside.append({*found})
        return found

    monkeypatch.setattr(PlainBar, "get_metrics", watched)
    assert main(["fit", "--config=own.yaml", *([] if shown else ["--trainer.enable_progress_bar=false"])]) == 0
    assert (beside[-1:] == [{"train_loss"}]) if shown else not beside
