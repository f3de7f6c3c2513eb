import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import CTImageStorage

from phantom.protocols import Contrast, Coverage, Plane
from phantom.write_study import Stack, write_study
from spine.dicom.identifiers import MANUFACTURER_MODEL_NAME
from spine.errors import Code


def decision_codes(result):
    return [decision.codes for decision in result.decisions]


@pytest.fixture
def only(tmp_path, selection):
    """Select from a study of one series and return its decision and the selection."""

    def run(item):
        write_study([item], tmp_path)
        result = selection(tmp_path)
        return result.decisions[0], result

    return run


@pytest.fixture
def refused(only):
    """Return the codes for which a series is no candidate; nothing else may be said then."""

    def run(item):
        decision, result = only(item)
        assert result.refusal is not None
        assert result.refusal.code is Code.NO_CANDIDATE
        assert str(decision.codes[0]) in result.refusal.reason
        assert (result.series, result.volume, result.frames) == (None, None, ())
        assert (decision.score, decision.taken) == (0.0, False)
        assert len(decision.reasons) == len(decision.codes)
        return decision.codes

    return run


@pytest.mark.parametrize("enhanced", [False, True])
def test_sagittal_t2_is_taken_with_reasons(only, series, enhanced):
    decision, result = only(series(enhanced=enhanced))

    assert decision.taken
    assert decision.codes == ()
    assert decision.score > 0
    assert any("from head to foot" in reason for reason in decision.reasons)
    assert result.refusal is None
    assert result.volume is not None
    assert len(result.frames) == 7
    assert result.series is result.study.series[0]


@pytest.mark.parametrize("enhanced", [False, True])
@pytest.mark.parametrize("contrast", [Contrast.T1, Contrast.STIR])
def test_other_weightings_are_refused_by_their_sequence(refused, series, contrast, enhanced):
    assert refused(series(contrast, enhanced=enhanced)) == (Code.NOT_T2,)


@pytest.mark.parametrize("plane", [Plane.AXIAL, Plane.CORONAL])
def test_other_planes_are_refused_by_their_geometry_whatever_the_name(refused, series, plane):
    item = series(plane=plane, header={"description": "T2 sagittal"})
    assert refused(item) == (Code.NOT_SAGITTAL,)


@pytest.mark.parametrize("part", ["KNEE", "HEAD", "PELVIS"])
def test_declared_other_body_part_is_refused(refused, series, part):
    assert refused(series(header={"body_part": part})) == (Code.OTHER_BODY_PART,)


@pytest.mark.parametrize("part", ["", "SPINE", "CSPINE", "L SPINE", "COLUMNA LUMBAR", "WIRBELS"])
def test_spinal_unknown_or_missing_body_part_is_no_obstacle(only, series, part):
    assert only(series(header={"body_part": part}))[0].taken


@pytest.mark.parametrize(
    "image_type",
    [
        ("DERIVED", "SECONDARY", "MPR"),
        ("DERIVED", "PRIMARY", "M", "SUBTRACTION"),
        ("ORIGINAL", "PRIMARY", "W", "NORM", "DIS2D"),
        ("ORIGINAL", "PRIMARY", "IP", "M"),
        ("ORIGINAL", "PRIMARY", "PHASE MAP", "P", "SE"),
    ],
)
def test_derived_and_dixon_images_are_refused(refused, series, image_type):
    assert refused(series(header={"image_type": image_type})) == (Code.DERIVED_CONTRAST,)


@pytest.mark.parametrize(
    "header",
    [
        {"scan_options": ("PFP", "FS")},
        {"description": "t2_tse_dixon_sag"},
        {"description": "T2 SPAIR sag"},
        {"description": "sag T2 fat sat"},
    ],
)
def test_fat_suppressed_images_are_refused(refused, series, header):
    assert refused(series(header=header)) == (Code.DERIVED_CONTRAST,)


@pytest.mark.parametrize(
    "header",
    [{"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, {"description": "T2_HASTE_LOC sag"}],
)
def test_localizer_is_refused(refused, series, header):
    assert refused(series(header=header)) == (Code.LOCALIZER,)


def test_three_plane_localizer_is_no_candidate(refused, series, volume):
    stacks = tuple(Stack(volume((3, 3, 3)), plane) for plane in Plane)
    item = series(stacks=stacks, echo_time_ms=5.0, repetition_time_ms=10.0)
    assert Code.NOT_T2 in refused(item)


def test_composed_images_are_taken_although_derived(only, series):
    item = series(header={"image_type": ("DERIVED", "PRIMARY", "M", "COMP_SP", "COMPOSED")})
    decision, _ = only(item)
    assert decision.taken
    assert any("composed" in reason for reason in decision.reasons)


@pytest.mark.parametrize("keyword", ["EchoTime", "RepetitionTime"])
def test_untold_timing_makes_no_candidate(edited, selection, keyword):
    folder = edited(lambda _, dataset: delattr(dataset, keyword))
    assert decision_codes(selection(folder)) == [(Code.NOT_T2,)]


def test_gradient_echo_of_long_times_is_no_t2(edited, selection):
    def turn(_, dataset):
        dataset.ScanningSequence = "GR"

    assert decision_codes(selection(edited(turn))) == [(Code.NOT_T2,)]


def test_images_without_orientation_are_no_candidate(edited, selection):
    folder = edited(lambda _, dataset: delattr(dataset, "ImageOrientationPatient"))
    assert decision_codes(selection(folder)) == [(Code.GEOMETRY_ABSENT,)]


def test_ct_is_refused(edited, selection):
    def turn(_, dataset):
        dataset.Modality = "CT"
        dataset.SOPClassUID = CTImageStorage

    result = selection(edited(turn))

    assert decision_codes(result) == [(Code.NOT_MR,)]
    assert result.refusal.code is Code.NO_CANDIDATE


def test_our_own_results_are_never_input(edited, selection):
    def sign(_, dataset):
        dataset.ManufacturerModelName = MANUFACTURER_MODEL_NAME

    assert decision_codes(selection(edited(sign))) == [(Code.OWN_RESULT,)]


def test_whole_spine_outranks_lumbar_of_finer_pixels(tmp_path, series, volume, selection):
    lumbar = Stack(volume((11, 40, 45), (4, 0.6, 0.6)), Plane.SAGITTAL)
    whole = Stack(volume((9, 40, 60), (3.3, 1.1, 8.0)), Plane.SAGITTAL)
    written = write_study(
        [
            series(stacks=(lumbar,)),
            series(stacks=(whole,), coverage=Coverage.WHOLE_SPINE),
            series(Contrast.T1),
        ],
        tmp_path,
    )

    result = selection(tmp_path)

    assert result.series.series_instance_uid == written.series_instance_uids[1]
    decisions = {item.series_instance_uid: item for item in result.decisions}
    first, second, third = (decisions[uid] for uid in written.series_instance_uids)
    assert second.taken
    assert second.score > first.score > third.score == 0
    assert not first.taken
    assert first.codes == ()
    assert "another series scored higher" in first.reasons


def test_lumbar_outranks_another_station_of_the_spine(tmp_path, series, volume, selection):
    upper = Stack(volume((11, 40, 45), (4, 0.9, 8.0)), Plane.SAGITTAL)
    lumbar = Stack(volume((11, 40, 45), (4, 0.9, 6.2)), Plane.SAGITTAL)
    written = write_study(
        [series(stacks=(upper,), coverage=Coverage.CERVICAL), series(stacks=(lumbar,))], tmp_path
    )

    assert selection(tmp_path).series.series_instance_uid == written.series_instance_uids[1]


def test_next_candidate_serves_where_the_best_has_no_volume(tmp_path, series, volume, selection):
    best = Stack(volume((11, 11, 40)), Plane.SAGITTAL)
    written = write_study([series(stacks=(best,)), series()], tmp_path)
    written.paths[0][4].unlink()

    result = selection(tmp_path)

    assert result.series.series_instance_uid == written.series_instance_uids[1]
    assert result.refusal is None
    decisions = {item.series_instance_uid: item for item in result.decisions}
    assert decisions[written.series_instance_uids[0]].codes == (Code.MISSING_SLICES,)
    assert not decisions[written.series_instance_uids[0]].taken


def test_best_candidates_defect_is_the_refusal_where_all_fail(tmp_path, series, selection):
    written = write_study([series()], tmp_path)
    written.paths[0][4].unlink()

    result = selection(tmp_path)

    assert result.refusal.code is Code.MISSING_SLICES
    assert result.refusal.subject == "study"
    assert result.series.series_instance_uid == written.series_instance_uids[0]
    assert result.volume is None
    assert len(result.frames) == 6
    assert result.decisions[0].codes == (Code.MISSING_SLICES,)


def test_echoes_in_one_series_are_told_apart(tmp_path, series, volume, selection):
    other = volume(seed=5)
    item = series(stacks=(Stack(volume(), Plane.SAGITTAL), Stack(other, Plane.SAGITTAL)))
    paths = write_study([item], tmp_path).paths[0]
    for path in paths[:7]:
        dataset = dcmread(path)
        dataset.EchoTime, dataset.EchoNumbers = 12, 1
        dataset.save_as(path)

    result = selection(tmp_path)

    assert len(result.series.instances) == 14
    assert len(result.frames) == 7
    assert np.array_equal(result.volume.data, other.data)


def test_repetitions_in_one_series_are_told_apart_by_acquisition(
    tmp_path, series, volume, selection
):
    stack = Stack(volume(), Plane.SAGITTAL)
    paths = write_study([series(stacks=(stack, stack))], tmp_path).paths[0]
    for path in paths[7:]:
        dataset = dcmread(path)
        dataset.AcquisitionNumber = 2
        dataset.save_as(path)

    assert len(selection(tmp_path).frames) == 7


def test_repetitions_that_nothing_tells_apart_are_refused(tmp_path, series, volume, selection):
    stack = Stack(volume(), Plane.SAGITTAL)
    write_study([series(stacks=(stack, stack))], tmp_path)
    assert selection(tmp_path).refusal.code is Code.DUPLICATE_POSITIONS


def test_sagittal_stack_is_found_beside_an_axial_one(tmp_path, series, volume, selection):
    axial, sagittal = Stack(volume(), Plane.AXIAL), Stack(volume(), Plane.SAGITTAL)
    write_study([series(stacks=(axial, sagittal))], tmp_path)

    result = selection(tmp_path)

    assert result.refusal is None
    assert np.array_equal(result.volume.data, sagittal.volume.data)


def test_selection_does_not_depend_on_file_names(tmp_path, series, selection):
    paths = write_study([series(), series(Contrast.T1)], tmp_path).paths
    before = selection(tmp_path)
    for index, path in enumerate(reversed([path for group in paths for path in group])):
        path.rename(tmp_path / f"{index:03d}")

    after = selection(tmp_path)

    assert after.series.series_instance_uid == before.series.series_instance_uid
    assert np.array_equal(after.volume.data, before.volume.data)
    assert [plane.sop_instance_uid for plane in after.frames] == [
        plane.sop_instance_uid for plane in before.frames
    ]
