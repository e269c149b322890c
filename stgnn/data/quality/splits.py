"""Rules on names, classes and splits: what is missing, and what training knows of the test."""

from collections.abc import Iterator

import numpy as np

from stgnn.data.quality.duplicates import Duplicates
from stgnn.data.quality.finding import EXAMPLES, Finding, counted, some
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray

KEPT_APART = {"subject": ("sub", "loso"), "view": ("view",)}  # a protocol with this in its name separates by that


def split_findings(store: SkeletonStore, duplicates: Duplicates) -> Iterator[Finding]:
    """What is wrong with names, classes and splits, leaks first."""
    filled = [protocol for protocol in store.protocols if all(map(len, store.split(protocol)))]
    for protocol in sorted({*store.protocols} - {*filled}):
        yield from _empty(store, protocol)
    for protocol in filled:
        yield from _copies(store, duplicates, protocol)
    for protocol in filled:
        yield from _shared(store, protocol, "subject", store.subjects)
        yield from _shared(store, protocol, "view", store.views)
        yield from _classes(store, protocol)
    yield from _conflicts(store, duplicates)
    yield from _repeated(store, duplicates)
    yield from _class_names(store)
    yield from _unused_classes(store)
    yield from _names(store)
    if not store.protocols:
        what, action = "The store has no splits.", "Give one in the table of labels, or hold clips out of training."
        yield Finding("note", "no_splits", 1, what, action)


def _empty(store: SkeletonStore, protocol: str) -> Iterator[Finding]:
    for name, clips, use in zip(("training", "test"), store.split(protocol), ("train on", "test with"), strict=True):
        if not len(clips):
            what, action = f"The {name} split of {protocol} has no clips.", f"Give it some: there is nothing to {use}."
            yield Finding("error", f"no_{name}_clips", 1, what, action, (), protocol)


def _copies(store: SkeletonStore, duplicates: Duplicates, protocol: str) -> Iterator[Finding]:
    train, test = store.split(protocol)
    exact = np.isin(duplicates.exact[test], duplicates.exact[train])
    near = np.isin(duplicates.near[test], duplicates.near[train]) & ~exact
    for code, found, words in (
        ("copies_in_test", exact, "number for number"),
        ("near_copies_in_test", near, "moved, scaled, turned, trimmed or with noise"),
    ):
        if clips := int(found.sum()):
            yield Finding(
                "error",
                code,
                clips,
                f"The test split of {protocol} holds {counted(clips, 'copy', 'copies')} of training clips, {words}, "
                f"among its {counted(len(test), 'clip')}.",
                "Take their twins out of training: accuracy on this split is too high.",
                some(store.names, test[found]),
                protocol,
            )


def _shared(store: SkeletonStore, protocol: str, what: str, values: IntArray) -> Iterator[Finding]:
    """Subjects or views on both sides: an error where the protocol is named after them, odd where only some are."""
    train, test = (np.unique(values[indices]) for indices in store.split(protocol))
    tested = test[test >= 0]
    common = np.intersect1d(train, tested)
    if len(common) == 0:
        return
    named = any(part in protocol.lower() for part in KEPT_APART[what])
    partly = len(common) < len(tested)
    severity = "error" if named else "warning" if partly else "note"
    actions = {"error": f"Move all clips of a {what} to one side.", "warning": "Check that this is meant."}
    yield Finding(
        severity,
        f"{what}_in_both",
        len(common),
        f"{len(common):,} of {counted(len(tested), what)} in the test split of {protocol} also "
        f"{'stands' if len(common) == 1 else 'stand'} in its training split.",
        actions.get(severity, f"The split does not ask for new {what}s; know it when you quote the accuracy."),
        tuple(str(value) for value in common[:EXAMPLES]),
        protocol,
    )


def _classes(store: SkeletonStore, protocol: str) -> Iterator[Finding]:
    train, test = (np.unique(store.labels[indices]) for indices in store.split(protocol))
    for code, found, words in (
        ("classes_never_trained", np.setdiff1d(test, train), "in the test split and never in the training split"),
        ("classes_never_tested", np.setdiff1d(train, test), "in the training split and never in the test split"),
    ):
        if len(found):
            yield Finding(
                "warning",
                code,
                len(found),
                f"{counted(len(found), f'class of {protocol} occurs', f'classes of {protocol} occur')} {words}.",
                "Check the labels and the split.",
                some(store.class_names, found),
                protocol,
            )


def _conflicts(store: SkeletonStore, duplicates: Duplicates) -> Iterator[Finding]:
    other = store.labels != store.labels[duplicates.near]
    if clips := int(other.sum()):
        yield Finding(
            "error",
            "copies_of_two_classes",
            clips,
            f"{counted(clips, 'clip has', 'clips have')} the content of a clip with another label.",
            "One of the labels is wrong: correct it, or leave both clips out.",
            some(store.names, np.flatnonzero(other)),
        )


def _repeated(store: SkeletonStore, duplicates: Duplicates) -> Iterator[Finding]:
    indices = np.arange(len(store))
    exact, near = duplicates.exact != indices, duplicates.near != duplicates.exact
    for code, found, words in (
        ("copies", exact, "an earlier clip number for number"),
        ("near_copies", near & ~exact, "an earlier clip but for place, size, direction, an end frame or noise"),
    ):
        if clips := int(found.sum()):
            yield Finding(
                "note",
                code,
                clips,
                f"{counted(clips, 'clip repeats', 'clips repeat')} {words}.",
                "Inside one split they only count double; across splits they are a leak.",
                some(store.names, np.flatnonzero(found)),
            )


def _class_names(store: SkeletonStore) -> Iterator[Finding]:
    numbers: dict[str, list[int]] = {}
    for number, name in enumerate(store.class_names):
        numbers.setdefault(name, []).append(number)
    shared = {name: classes for name, classes in numbers.items() if len(classes) > 1}
    if shared:
        yield Finding(
            "error",
            "class_names_repeated",
            len(shared),
            f"{counted(len(shared), 'name belongs', 'names belong')} to several classes.",
            "Rename the classes, or give their clips one label, and import again: results by class mix them up.",
            tuple(f"{name} (classes {', '.join(map(str, classes))})" for name, classes in [*shared.items()][:EXAMPLES]),
        )


def _unused_classes(store: SkeletonStore) -> Iterator[Finding]:
    if len(store.class_names) < 2:
        what, action = "There is a single class.", "A recogniser needs two: check the labels, or add clips of another."
        yield Finding("error", "one_class", 1, what, action, tuple(store.class_names))
    unused = np.setdiff1d(np.arange(len(store.class_names)), store.labels)
    if len(unused):
        yield Finding(
            "warning",
            "classes_without_clips",
            len(unused),
            f"{counted(len(unused), 'class has', 'classes have')} no clips.",
            "Check that labels are 0-based and that all files were found.",
            some(store.class_names, unused),
        )


def _names(store: SkeletonStore) -> Iterator[Finding]:
    names, counts = np.unique(np.array(store.names), return_counts=True)
    repeated = names[counts > 1]
    if len(repeated):
        yield Finding(
            "warning",
            "names_repeated",
            len(repeated),
            f"{counted(len(repeated), 'name belongs', 'names belong')} to several clips.",
            "Give each clip its own name; findings and tables speak of clips by name.",
            tuple(str(name) for name in repeated[:EXAMPLES]),
        )
