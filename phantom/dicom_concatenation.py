"""Several stacks in one Enhanced MR instance, as some scanners write all stations of a spine."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

# Differ from stack to stack, so that each frame needs its own.
_OF_A_STACK = ("PixelValueTransformationSequence", "FrameVOILUTSequence")

Content = tuple[Dataset, NDArray[np.uint16]]


def concatenated(stacks: Sequence[Content]) -> Content:
    """Put the frames of instances of equal geometry into the first one, a Stack ID each."""
    first = stacks[0][0]
    frames = [
        frame
        for number, (dataset, _) in enumerate(stacks, start=1)
        for frame in _frames(dataset, number)
    ]
    for keyword in _OF_A_STACK:
        delattr(first.SharedFunctionalGroupsSequence[0], keyword)
    first.PerFrameFunctionalGroupsSequence = frames
    first.NumberOfFrames = len(frames)
    return first, np.concatenate([pixels for _, pixels in stacks])


def _frames(dataset: Dataset, number: int) -> list[Dataset]:
    shared = dataset.SharedFunctionalGroupsSequence[0]
    frames = list(dataset.PerFrameFunctionalGroupsSequence)
    for frame in frames:
        content = frame.FrameContentSequence[0]
        content.StackID = str(number)
        content.DimensionIndexValues = [number, content.InStackPositionNumber]
        for keyword in _OF_A_STACK:
            setattr(frame, keyword, getattr(shared, keyword))
    return frames
