import numpy as np
import pytest
from pydicom import dcmread

from phantom.protocols import WHOLE_SPINE_T2
from phantom.studies import EXAMINATION, StudyPlan, write_phantom_study
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.selection import SelectionSettings, select
from spine.errors import Code

WHOLE_SPINE_ONLY = StudyPlan(
    age_years=61, protocols=(WHOLE_SPINE_T2,), pixel_spacing_mm=8.0, sub_slices=1
)


@pytest.fixture(scope="module")
def examination(tmp_path_factory):
    """A whole examination, rendered coarsely, and the folder it was written to."""
    folder = tmp_path_factory.mktemp("examination")
    return write_phantom_study(folder, 7, StudyPlan(pixel_spacing_mm=6.0, sub_slices=1)), folder


@pytest.mark.slow
def test_whole_spine_is_selected_from_a_whole_examination(examination):
    study, folder = examination

    result = select(load(folder, LoadingSettings()), SelectionSettings())

    assert result.series.series_instance_uid == study.written.series_instance_uids[-1]
    decisions = {item.series_instance_uid: item.codes for item in result.decisions}
    codes = [decisions[uid][:1] for uid in study.written.series_instance_uids]
    assert codes == [
        (Code.LOCALIZER,), (Code.NOT_T2,), (Code.NOT_T2,), (Code.NOT_SAGITTAL,), (), ()
    ]  # fmt: skip


@pytest.mark.slow
def test_truth_lies_where_the_loaded_volume_shows_it(examination):
    study, folder = examination
    rendering = study.renderings[-1]

    volume = select(load(folder, LoadingSettings()), SelectionSettings()).volume

    assert np.allclose(volume.affine, rendering.volume.affine, atol=1e-4)
    assert np.corrcoef(volume.data.ravel(), rendering.volume.data.ravel())[0, 1] > 0.9999
    seen = [body for body in rendering.truth.vertebrae if body.in_view and body.level[0] in "TL"]
    for body in seen:
        index = np.round(volume.grid.index_from_world(np.array(body.center_mm))).astype(int)
        assert rendering.labels.data[tuple(index)] == body.label
    assert len(seen) == 17


@pytest.mark.slow
def test_examination_has_every_series(examination):
    study, _ = examination
    names = [dcmread(paths[0]).ProtocolName for paths in study.written.paths]
    assert names == [protocol.name for protocol in EXAMINATION]


def test_patient_is_as_old_as_the_subject(tmp_path):
    write_phantom_study(tmp_path, 5, WHOLE_SPINE_ONLY)

    facts = load(tmp_path, LoadingSettings()).patient

    assert facts.age_years == pytest.approx(61, abs=0.01)
    assert facts.patient_id == "PHANTOM-5"


def test_followup_is_the_same_patient_later(tmp_path):
    first = write_phantom_study(tmp_path / "a", 5, WHOLE_SPINE_ONLY)
    plan = StudyPlan(
        age_years=61,
        followup_years=5,
        protocols=(WHOLE_SPINE_T2,),
        pixel_spacing_mm=8.0,
        sub_slices=1,
    )
    later = write_phantom_study(tmp_path / "b", 5, plan)

    assert later.patient.patient_id == first.patient.patient_id
    assert later.patient.birth_date == first.patient.birth_date
    assert later.written.study_instance_uid != first.written.study_instance_uid
    facts = load(tmp_path / "b", LoadingSettings()).patient
    assert facts.age_years == pytest.approx(66, abs=0.01)
