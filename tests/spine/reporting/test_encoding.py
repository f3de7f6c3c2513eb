from io import BytesIO

import pytest
from pydicom import Dataset, dcmread

from spine.reporting.encoding import encode
from spine.reporting.kinds import Kind

pytestmark = pytest.mark.slow


def decoded(path) -> Dataset:
    """A file in which every element was read, so that every one is written anew."""
    dataset = dcmread(path)
    assert sum(1 for _ in dataset.iterall()) > len(dataset)
    return dataset


def by_pydicom(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.fixture
def made(written):
    return written("with_everything", kinds=frozenset(Kind)).objects


@pytest.mark.parametrize(
    "name",
    ["segmentation-vertebrae", "segmentation-canal-and-cord", "label-map", "heat-map-older"],
)
def test_frames_that_share_are_encoded_as_pydicom_encodes_each(name, made):
    wanted = by_pydicom(decoded(made[name]))
    assert encode(decoded(made[name])) == wanted
    assert made[name].read_bytes() == wanted


def test_frames_that_differ_stay_apart(made):
    dataset = decoded(made["segmentation-discs"])
    frames = dataset.PerFrameFunctionalGroupsSequence
    (position,) = frames[3].PlanePositionSequence
    position.ImagePositionPatient = [1.5, 2.5, 3.5]
    (source,) = frames[3].DerivationImageSequence[0].SourceImageSequence
    source.ReferencedSOPInstanceUID = "1.2.3"
    assert encode(dataset) == by_pydicom(dataset)
    assert encode(dataset) != made["segmentation-discs"].read_bytes()


def test_objects_without_frames_are_encoded_by_pydicom(made):
    dataset = decoded(made["structured-report"])
    assert encode(dataset) == by_pydicom(dataset)
