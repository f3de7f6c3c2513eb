"""What objects of many frames have in common: frames as the library wants them, no randomness."""

from pydicom import Dataset
from pydicom.tag import Tag

from spine.reporting.identity import Identity, ObjectKind
from spine.reporting.sources import SourceSeries

_OF_FRAMES = (Tag("PerFrameFunctionalGroupsSequence"), Tag("NumberOfFrames"))


def own_frames(source: SourceSeries) -> list[Dataset]:
    """Return the headers; that of an enhanced instance with the source's frames alone, in order.

    The library takes all frames of an instance for one stack, and refuses a second one in the
    same places, such as another echo.
    """
    numbers = _frame_numbers(source)
    if not numbers:
        return list(source.headers)
    whole, header = source.headers[0], Dataset()
    # Setting an element that two data sets share would change it in both.
    header.update({tag: item for tag, item in whole.items() if tag not in _OF_FRAMES})
    groups = whole.PerFrameFunctionalGroupsSequence
    header.PerFrameFunctionalGroupsSequence = [groups[number - 1] for number in numbers]
    header.NumberOfFrames = len(numbers)
    return [header]


def restore_frame_numbers(dataset: Dataset, source: SourceSeries) -> None:
    """Refer to frames by their numbers in the instance, where `own_frames` left some out."""
    numbers = _frame_numbers(source)
    if not numbers:
        return
    # Frames that show one plane share what they say of its source.
    images = {
        id(image): image
        for frame in dataset.PerFrameFunctionalGroupsSequence
        for derivation in frame.get("DerivationImageSequence", ())
        for image in derivation.SourceImageSequence
    }
    for image in images.values():
        image.ReferencedFrameNumber = numbers[int(image.ReferencedFrameNumber) - 1]


def _frame_numbers(source: SourceSeries) -> list[int]:
    """Return the numbers of the frames in their enhanced instance; none of classic instances."""
    numbers = [frame.frame_number for frame in source.frames]
    return [number for number in numbers if number is not None]


def pin_dimensions(dataset: Dataset, identity: Identity, encoding: str, number: int) -> None:
    """Replace the identifier of the dimensions, which the library draws at random."""
    uid = identity.instance_uid(ObjectKind.DIMENSION, encoding, number)
    for sequence in (dataset.DimensionOrganizationSequence, dataset.DimensionIndexSequence):
        for item in sequence:
            item.DimensionOrganizationUID = uid
