import pytest
from pydicom.uid import CTImageStorage, MRImageStorage

from app.service.sop_classes import is_mr, is_result

RESULT_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.88.34",
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.104.1",
    "1.2.840.10008.5.1.4.1.1.30",
)
MR_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.4.1",
    "1.2.840.10008.5.1.4.1.1.4.4",
)


@pytest.mark.parametrize("sop_class", RESULT_CLASSES)
def test_what_is_said_about_a_study_is_no_image_of_it(sop_class: str) -> None:
    assert is_result(sop_class)
    assert not is_result(MRImageStorage)
    assert not is_mr(sop_class)


@pytest.mark.parametrize("sop_class", MR_CLASSES)
def test_mr_is_told_from_other_images(sop_class: str) -> None:
    assert is_mr(sop_class)
    assert not is_mr(CTImageStorage)
    # MR Spectroscopy Storage holds no image.
    assert not is_mr("1.2.840.10008.5.1.4.1.1.4.2")
