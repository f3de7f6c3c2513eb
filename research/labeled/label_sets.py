"""Source labels to indices of class sets; a value that the mapping lacks stops everything."""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from research.labeled.cases import LabeledCase, load, load_labels
from research.labeled.errors import Fault, LabeledDataError
from research.labeled.mapping import LabelMapping
from research.labeled.regions import with_regions
from research.listing import listed
from spine.imaging.volume import LabelMap, Volume


def label_sets_from_source(
    labels: LabelMap, mapping: LabelMapping, origin: str = "the mask"
) -> LabelMap:
    """Replace each source label by the index of its set, counting vertebrae where that tells more.

    Parameters
    ----------
    labels : values of the data set, canonical orientation
    origin : file or case, for the message

    Returns
    -------
    Values are indices into ``mapping.class_sets.sets``; 0 is the background.

    Raises
    ------
    LabeledDataError
        ``LABEL_UNKNOWN``, naming the values and the origin.
    """
    unknown = unknown_labels(labels, mapping)
    if unknown:
        raise _unknown([f"{origin}: {listed(unknown)}"], mapping)
    lookup = np.zeros(256, dtype=np.uint8)
    lookup[list(mapping.index_by_value)] = list(mapping.index_by_value.values())
    sets = LabelMap(lookup[labels.data], labels.affine)
    return sets if mapping.counting is None else with_regions(sets, mapping.counting)


def unknown_labels(labels: LabelMap, mapping: LabelMapping) -> tuple[int, ...]:
    """Return the values that the mapping lacks."""
    found = np.flatnonzero(np.bincount(labels.data.ravel(), minlength=256))
    return tuple(int(value) for value in found if int(value) not in mapping.index_by_value)


def require_known_labels(cases: Sequence[LabeledCase], mapping: LabelMapping) -> None:
    """Read every mask before anything else starts.

    Raises
    ------
    LabeledDataError
        ``LABEL_UNKNOWN``, naming each file with its unknown values.
    """
    problems = []
    for case in tqdm(cases, desc="labels", mininterval=5):
        unknown = unknown_labels(load_labels(case), mapping)
        if unknown:
            problems.append(f"{case.labels.name}: {listed(unknown)}")
    if problems:
        raise _unknown(problems, mapping)


def load_label_sets(case: LabeledCase, mapping: LabelMapping) -> tuple[Volume, LabelMap]:
    """Read a case's image, and its labels as indices into the mapping's class sets."""
    volume, labels = load(case)
    return volume, label_sets_from_source(labels, mapping, case.labels.name)


def _unknown(problems: list[str], mapping: LabelMapping) -> LabeledDataError:
    reason = f"labels that {mapping.name} does not name: {'; '.join(problems)}"
    return LabeledDataError(Fault.LABEL_UNKNOWN, reason)
