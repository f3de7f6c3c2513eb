from pathlib import Path

import pytest
from pydicom import Dataset

from spine.dicom.exclusions import Exclusion, stated_exclusions
from spine.dicom.study import Instance


def instances(**elements):
    header = Dataset()
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    return (Instance(Path("a"), header, "0" * 64),)


@pytest.mark.parametrize(
    ("keyword", "text", "exclusion"),
    [
        ("StudyDescription", "MRI L-SPINE POSTOP", Exclusion.SURGERY),
        ("SeriesDescription", "t2_sag_post_op", Exclusion.SURGERY),
        ("AdditionalPatientHistory", "Laminectomy 2012", Exclusion.SURGERY),
        ("ReasonForTheRequestedProcedure", "pedicle screws L4", Exclusion.SURGERY),
        ("AdmittingDiagnosesDescription", "Breast ca, mets?", Exclusion.TUMOR),
        ("RequestedProcedureDescription", "spinal tumour", Exclusion.TUMOR),
        ("ProtocolName", "SCOLIOSIS PROTOCOL", Exclusion.DEFORMITY),
    ],
)
def test_words_of_an_exclusion_are_found_wherever_people_write_them(keyword, text, exclusion):
    assert stated_exclusions(instances(**{keyword: text})) == (exclusion,)


@pytest.mark.parametrize(
    "text", ["MR lumbar spine", "cometso", "confusion", "T2 TSE SAG metal", "post contrast"]
)
def test_other_words_mention_nothing(text):
    assert stated_exclusions(instances(StudyDescription=text)) == ()


def test_several_are_all_said_and_nothing_is_made_of_silence():
    said = stated_exclusions(instances(StudyDescription="fusion for scoliosis"))

    assert said == (Exclusion.SURGERY, Exclusion.DEFORMITY)
    assert stated_exclusions(instances()) == ()
    assert stated_exclusions(()) == ()
