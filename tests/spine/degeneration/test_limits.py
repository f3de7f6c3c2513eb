from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pydicom import Dataset

from spine.anatomy.geometry import DiscFrame, DiscGeometry, Listhesis, SpineGeometry
from spine.anatomy.geometry import VertebraGeometry as Vertebra
from spine.anatomy.levels import DiscLevel, Level
from spine.degeneration.limits import MarkedDeformity, cautions
from spine.dicom.study import Instance, PatientFacts, Selection, Series, Study
from spine.errors import Code

PATIENT = PatientFacts("42", "CLINIC", date(1960, 2, 1), "F", date(2020, 1, 1), 59.9, None)
LEVELS = (Level.T12, Level.L1, Level.L2, Level.L3, Level.L4, Level.L5)


def selection(age_years=59.9, description="MR lumbar spine"):
    header = Dataset()
    header.StudyDescription = description
    series = Series("1.2", (Instance(Path("a"), header, "0" * 64),))
    study = Study("1.2.3", replace(PATIENT, age_years=age_years), (series,))
    return Selection(study, series, (), None, (), None)


def column(sideways, slip_percent=0.0):
    """Bodies 35 mm apart at given positions to the right, and a slip of L4 on L5."""
    bodies = tuple(
        Vertebra(level, (right, 0.0, -35.0 * rank), 34.0, 25.0)
        for rank, (level, right) in enumerate(zip(LEVELS, sideways, strict=True))
    )
    frame = DiscFrame((0.0,) * 3, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    slip = Listhesis(0.34 * slip_percent, slip_percent)
    disc = DiscGeometry(DiscLevel.L4_L5, frame, 9.0, listhesis=slip)
    return SpineGeometry(bodies, (disc,), 34.0)


STRAIGHT = (0.0,) * 6


def codes(asked, geometry):
    return [caution.code for caution in cautions(asked, geometry, MarkedDeformity())]


def test_adult_with_a_straight_spine_is_cautioned_about_nothing():
    assert codes(selection(), column(STRAIGHT)) == []
    assert codes(selection(age_years=None), column(STRAIGHT)) == []


@pytest.mark.parametrize(("age_years", "said"), [(17.99, True), (18.0, False)])
def test_patients_under_18_are_cautioned_about(age_years, said):
    assert (codes(selection(age_years), column(STRAIGHT)) == [Code.UNDER_18]) == said


@pytest.mark.parametrize(
    ("description", "code"),
    [
        ("LSPINE POST-OP L4/5 FUSION", Code.SURGERY_MENTIONED),
        ("? spinal metastases", Code.TUMOR_MENTIONED),
        ("kyphoscoliosis", Code.DEFORMITY_MENTIONED),
    ],
)
def test_words_of_the_study_are_taken_up_without_quoting_them(description, code):
    (caution,) = cautions(selection(description=description), column(STRAIGHT), MarkedDeformity())

    assert caution.code is code
    assert description not in caution.reason


def test_curve_to_the_side_is_measured_between_tangents():
    # The upper three bodies lean 12 degrees to the right, the lower ones as much to the left.
    step = 35.0 * 0.21256  # tan 12 degrees
    bent = (0.0, step, 2 * step, 2 * step, step, 0.0)

    (caution,) = cautions(selection(), column(bent), MarkedDeformity())

    assert caution.code is Code.DEFORMITY_MEASURED
    assert "24 degrees" in caution.reason
    assert codes(selection(), column(tuple(right / 2 for right in bent))) == []


def test_spine_that_lies_askew_as_a_whole_is_not_deformed():
    assert codes(selection(), column(tuple(8.0 * rank for rank in range(6)))) == []


@pytest.mark.parametrize(("percent", "said"), [(24.0, False), (26.0, True), (-26.0, True)])
def test_slip_either_way_is_a_deformity(percent, said):
    assert (codes(selection(), column(STRAIGHT, percent)) == [Code.DEFORMITY_MEASURED]) == said
