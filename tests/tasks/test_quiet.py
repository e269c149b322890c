"""What a training shows while it runs."""

from pathlib import Path

import pytest

from stgnn.cli import main

RECIPE = """
model: {class_path: SupernetTask, init_args: {space: tiny, calibration_clips: 8}}
data: {class_path: SyntheticDataModule, init_args: {clips: 64, frames: 8, batch_size: 16}}
trainer: {max_epochs: 1, accelerator: cpu, limit_val_batches: 0}
"""


@pytest.mark.parametrize("shown", [True, False])
def test_the_bar_tells_the_loss_and_no_number_of_a_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shown: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(RECIPE)
    assert main(["fit", "--config=own.yaml", *([] if shown else ["--trainer.enable_progress_bar=false"])]) == 0
    out = capsys.readouterr().out
    assert ("Epoch 0/0" in out) == shown and "v_num" not in out and "train_loss" in out
