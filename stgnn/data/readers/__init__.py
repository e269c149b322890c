"""Foreign files -> `ClipSource`, one module for each source format; a module is imported when its format is read.

>>> from stgnn.data.readers import FORMATS
>>> FORMATS["nw-ucla"].source
'folder of JSON files a01_s01_e00_v01.json'
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from stgnn.data.readers.source import ClipLabel, ClipLabels, ClipSource, LeftOut, Reader
from stgnn.skeleton.layout import SkeletonLayout


@dataclass(frozen=True)
class Format:
    """A source format.

    Args:
        function: Reader in this package, ``module:function``.
        source: What the source is, in a few words; ``--labels`` in them: a table of labels may or must be given.
    """

    function: str
    source: str

    def open(self, source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
        """Open a source.

        Raises:
            InputError: whatever is wrong with the source, the layout or the labels.
        """
        module, _, function = self.function.partition(":")
        reader: Reader = getattr(import_module(f"{__name__}.{module}"), function)
        return reader(source, layout, labels)


FORMATS: Mapping[str, Format] = {
    "npz": Format("npz:read_npz", "one .npz file of plain arrays under fixed names"),
    "csv": Format(
        "table:read_csv", "one CSV file: clip, frame, person, joint, x, y[, z][, score][, label][, subject][, split]"
    ),
    "coco": Format(
        "coco:read_coco", "folder of COCO-style JSON files, one a clip, in a folder for each class or with --labels"
    ),
    "mediapipe": Format(
        "mediapipe:read_mediapipe",
        "folder of .json or .jsonl files of landmarks, one a clip, in a folder for each class or with --labels",
    ),
    "openpose": Format(
        "openpose:read_openpose",
        "folder of clips, each a folder of JSON files, in a folder for each class or with --labels",
    ),
    "pyskl": Format("pyskl:read_pyskl", "one annotation pickle of PYSKL or MMAction2; --labels if it has none"),
    "st-gcn": Format("st_gcn:read_st_gcn", "folder with {train,val}_data*.npy and {train,val}_label.pkl"),
    "ctr-gcn": Format("ctr_gcn:read_ctr_gcn", "one .npz file with x_train, y_train, x_test, y_test"),
    "ntu60": Format("ntu:read_ntu60", "folder of .skeleton files of NTU RGB+D"),
    "ntu120": Format("ntu:read_ntu120", "folder of .skeleton files of NTU RGB+D 120"),
    "kinetics-skeleton": Format(
        "kinetics:read_kinetics_skeleton", "folder with kinetics_train, kinetics_val and labels"
    ),
    "shrec17-14": Format("shrec:read_shrec17_14", "folder with gesture_1 ... and the official lists; 14 gestures"),
    "shrec17-28": Format("shrec:read_shrec17_28", "folder with gesture_1 ... and the official lists; 28 gestures"),
    "dhg-14": Format("shrec:read_dhg_14", "folder with gesture_1 ...; 14 gestures"),
    "dhg-28": Format("shrec:read_dhg_28", "folder with gesture_1 ...; 28 gestures"),
    "nw-ucla": Format("nw_ucla:read_nw_ucla", "folder of JSON files a01_s01_e00_v01.json"),
    "utd-mhad": Format("utd_mhad:read_utd_mhad", "folder of .mat files a1_s1_t1_skeleton.mat"),
    "jhmdb": Format(
        "jhmdb:read_jhmdb", "folder joint_positions beside the official splits, or folder of GT_train_1.pkl, ..."
    ),
    "sbu": Format("sbu:read_sbu", "folder s01s02/01/001/skeleton_pos.txt, ..."),
    "msr-action3d": Format("msr_action3d:read_msr_action3d", "folder of files a01_s01_e01_skeleton3D.txt"),
    "utkinect": Format("utkinect:read_utkinect", "folder with joints/ and actionLabel_modified.txt or actionLabel.txt"),
    "natops": Format("natops:read_natops", "folder with NATOPS_TRAIN.ts and NATOPS_TEST.ts"),
    "sfinge3d": Format("sfinge3d:read_sfinge3d", "folder with Dictionary/ and Sequences/"),
}
"""Every format that `stgnn data import` reads, by name."""

__all__ = ["FORMATS", "ClipLabel", "ClipLabels", "ClipSource", "Format", "LeftOut", "Reader"]
