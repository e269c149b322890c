"""What people see: tables where there is something to compare."""

from stgnn.display import shown
from stgnn.report.units import lengths_text

ACCURACY = {"networks": 6, "mape": 0.034, "within_5_percent": 0.5, "within_10_percent": 1.0, "spearman": 0.9}


def test_metrics_by_network_and_split() -> None:
    metrics = {"train_loss": 1.25, "val_largest_top1": 0.875, "val_largest_top5": 1.0, "val_smallest_top1": 0.5}
    text = shown("fit", {"results": "runs/x", "metrics": {**metrics, "test_mean_class": 0.25}})
    assert text.startswith("results: runs/x\ntrain_loss: 1.25\n\n|")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.replace("\xa0", " ").splitlines()[3:]]
    assert rows[0] == ["", "Top-1", "Top-5", "Mean class", "Calibration error"]
    assert rows[2:] == [
        ["validation, largest", "87.5 %", "100.0 %", "", ""],
        ["validation, smallest", "50.0 %", "", "", ""],
        ["test", "", "", "25.0 %", ""],
    ]


def test_training_without_validation_has_no_table() -> None:
    assert shown("fit", {"results": "runs/x", "metrics": {"train_loss": 1.0}}) == "results: runs/x\ntrain_loss: 1"


def test_latency_models_side_by_side() -> None:
    text = shown("profile", {"output": "d.json", "holdout": {"Calibrated": ACCURACY}}).replace("\xa0", " ")
    assert text.startswith("output: d.json\n\n| Held-out networks |")
    assert all(cell in text for cell in ("| Calibrated ", " 3.4 % |", " 100.0 % |", " 0.900 |"))
    assert shown("profile", {"output": "d.json"}) == "output: d.json"


def test_a_front_without_members() -> None:
    assert shown("search", {"study": "s", "front": []}) == "study: s"


def test_other_words_print_keys_and_values() -> None:
    assert shown("benchmark", {"macs": 3, "ms": {"median": 0.5}}) == "macs: 3\nms:\n  median: 0.5"


def test_a_check_shows_findings_and_lists_classes_while_they_are_few() -> None:
    finding = {"severity": "warning", "what": "2 clips repeat.", "action": "Leave them out.", "examples": ["a", "b"]}
    lengths = {"min": 1, "median": 2.5, "max": 9}
    facts = {
        "clips": 8,
        "frames": 20,
        "persons": 2,
        "bodies_empty": 3,
        "layout": "ntu25",
        "joints": 25,
        "coordinates": 3,
    }
    result = {
        **facts,
        **{"splits": {}, "subjects": {}, "lengths": lengths, "errors": 0, "warnings": 1, "notes": 0},
        "classes": {"wave": 5, "clap": 3},
        "findings": [finding],
        "left_out": {"no body": 4},
    }
    text = shown("data check", result)
    assert "| wave  |     5 |" in text.replace("\xa0", " ")
    assert (
        "left out: 4 clips, no body\n\nwarning: 2 clips repeat. For example a, b.\n  -> Leave them out.\n\n"
        "0 errors, 1 warning, 0 notes"
    ) in text
    many = shown("data check", {**result, "classes": {f"class {number}": number for number in range(60)}})
    assert "classes: 60 of 0 to 59 clips" in many and "| class 7" not in many


def test_one_length_for_all_is_told_once() -> None:
    assert lengths_text({"min": 51, "median": 51.0, "max": 51}) == "51"
    assert lengths_text({"min": 30, "median": 57.5, "max": 80}) == "30 to 80, median 57.5"


def test_networks_of_adasgn_have_the_columns_of_their_page() -> None:
    row = {"name": "big-25", "val": None, "test": 0.5, "macs": 2_000_000}
    text = shown("adasgn", {"stream": "joint", "singles": [row], "adaptive": []}).replace("\xa0", " ")
    assert text.startswith("stream: joint\n\n| Network |   Test |   MACs |") and "| 2.00 M |" in text


def test_stores_whose_names_start_with_digits_stand_on_the_left() -> None:
    row = {"name": "2d", "layout": "coco17", "clips": 3, "classes": 2}
    assert shown("data list", [row]).splitlines()[2].startswith("| 2d    |")
