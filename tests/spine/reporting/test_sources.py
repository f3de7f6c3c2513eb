import copy
import dataclasses

import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from spine.dicom.confidentiality import no_values_in_logs
from spine.reporting.kinds import Kind
from spine.reporting.sources import SourceSeries, clean_header, source_series
from spine.reporting.writing import WritingSettings, write

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "character_set"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", ("", "ISO 2022 IR 87")),
        ("Παπαδόπουλος^Γιώργος", ("ISO_IR 126",)),
        ("Wang^XiaoDong=王^小东", ("GB18030",)),
        ("Müller^Jörg", ("ISO_IR 100",)),
    ],
)
def test_names_survive_into_every_object(
    name, character_set, build_world, references, run, tmp_path
):
    world = build_world(tmp_path / "in", name, character_set)
    settings = WritingSettings(objects=frozenset(Kind))
    for path in write(world.findings, references, run, settings).written:
        made = dcmread(path)
        assert str(made.PatientName) == name
        assert made.SpecificCharacterSet == "ISO_IR 192"
        assert name.encode("utf-8") in path.read_bytes()


def poor_header() -> Dataset:
    header = Dataset()
    header.SOPClassUID, header.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", "1.2.3"
    header.PatientSex = "UNKNOWN"
    header.add_new(0x00100030, "DA", "19000000")
    header.PixelSpacing = [0.123456789012345678, 1 / 3]
    header.add_new(0x00091010, "LO", "private")
    return header


def test_missing_elements_become_empty_and_invalid_ones_too():
    clean = clean_header(poor_header())
    assert clean.PatientName == clean.StudyID == clean.AccessionNumber == ""
    assert clean.PatientSex == ""
    assert clean.PatientBirthDate == ""
    assert 0x00091010 not in clean


def test_decimals_fit_their_sixteen_characters():
    assert all(len(str(value)) <= 16 for value in clean_header(poor_header()).PixelSpacing)


MALFORMED = [
    ("SliceThickness", b"thick "),
    ("SliceThickness", b"3\\4 "),
    ("SpacingBetweenSlices", b"abc "),
    ("PixelSpacing", b"1.0 "),
    ("ImagePositionPatient", b"1\\2\\up "),
    ("StudyTime", b"noon"),
    ("StudyDate", b"today "),
    ("PatientName", b"Phantom\\Spine"),
    ("TimezoneOffsetFromUTC", b"+9900 "),
    ("FrameOfReferenceUID", b"1.2\\1.3 "),
    ("FrameOfReferenceUID", None),
]


def with_element(findings, keyword, raw):
    """Return findings whose instances hold an element just as a file gave it, None for not."""
    tag = Tag(keyword)
    element = raw and RawDataElement(tag, dictionary_VR(tag), len(raw), raw, 0, False, True)
    instances = []
    for instance in findings.selection.series.instances:
        header = copy.deepcopy(instance.header)
        header.pop(tag, None)
        if element:
            header[tag] = element
        instances.append(dataclasses.replace(instance, header=header))
    series = dataclasses.replace(findings.selection.series, instances=tuple(instances))
    selection = dataclasses.replace(findings.selection, series=series)
    return dataclasses.replace(findings, selection=selection)


@pytest.mark.parametrize(("keyword", "raw"), MALFORMED)
def test_a_malformed_element_does_not_keep_the_report_back(
    keyword, raw, out_of_scope, references, run
):
    findings = with_element(out_of_scope, keyword, raw)
    with no_values_in_logs():
        paths = write(findings, references, run, WritingSettings()).written
    assert [path.stem for path in paths] == ["1-secondary-capture", "2-structured-report"]
    for path in paths:
        made = dcmread(path)
        assert made.StudyInstanceUID == findings.selection.study.study_instance_uid
        assert "+9900" not in str(made)
        assert str(made.PatientName) in ("Phantom^Spine", "Phantom Spine")


def test_a_series_that_omits_its_slice_thickness_is_segmented(findings, references, run):
    omitting = with_element(findings, "SliceThickness", None)
    paths = write(omitting, references, run, WritingSettings()).written
    assert "1-segmentation-vertebrae" in {path.stem for path in paths}


def test_the_header_that_was_read_stays_as_it_was():
    header = poor_header()
    clean_header(header)
    assert header.PatientSex == "UNKNOWN"
    assert "StudyID" not in header


def test_a_point_is_anchored_on_the_nearest_frame(findings):
    source = source_series(findings.selection)
    frame = findings.selection.frames[3]
    world = (frame.affine @ [20, 60, 0.4, 1])[:3]
    anchor = source.anchor_at(world)
    assert anchor.sop_instance_uid == frame.sop_instance_uid
    assert (anchor.column, anchor.row) == pytest.approx((20.5, 60.5))


def test_a_point_beside_the_image_is_anchored_at_its_edge(findings):
    source = source_series(findings.selection)
    frame = findings.selection.frames[3]
    anchor = source.anchor_at((frame.affine @ [-40, 6000, 0, 1])[:3])
    assert (anchor.column, anchor.row) == (0, frame.rows)


def test_without_geometry_the_margin_lies_on_the_middle_frame_of_an_enhanced_instance():
    header = poor_header()
    header.NumberOfFrames, header.Rows, header.Columns = 14, 800, 400
    anchor = SourceSeries((header,), ()).margin_anchor(0)
    assert (anchor.sop_instance_uid, anchor.frame_number) == ("1.2.3", 8)
    assert 0 < anchor.column < 40
    assert 0 < anchor.row < 80


def test_nothing_selected_has_no_source(findings):
    selection = dataclasses.replace(findings.selection, series=None)
    with pytest.raises(ValueError, match="nothing was selected"):
        source_series(selection)


def test_an_enhanced_instance_is_segmented_and_pointed_at_by_frame_number(
    findings, build_enhanced, references, run, tmp_path
):
    made = {
        path.stem.split("-", 1)[1]: dcmread(path)
        for path in write(build_enhanced(tmp_path), references, run, WritingSettings()).written
    }
    discs = made["segmentation-discs"]
    # Boxes lie on slices 2 to 6 of 9.
    positions = {
        frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber
        for frame in discs.PerFrameFunctionalGroupsSequence
    }
    assert positions == {3, 4, 5, 6, 7}
    frames = {
        int(element.value)
        for element in made["structured-report"].iterall()
        if element.keyword == "ReferencedFrameNumber"
    }
    assert frames == {5}


def test_what_has_no_room_on_the_middle_frame_lies_on_the_first_ones(findings):
    source = source_series(findings.selection)
    today = source.margin_anchor(0).sop_instance_uid
    anchors = [source.outer_anchor(number) for number in range(7)]

    assert [anchor.sop_instance_uid for anchor in anchors] == [
        *[source.frames[0].sop_instance_uid] * 5,
        *[source.frames[1].sop_instance_uid] * 2,
    ]
    assert today not in {anchor.sop_instance_uid for anchor in anchors}
    rows = [anchor.row for anchor in anchors[:5]]
    assert rows == sorted(set(rows))
    assert rows[-1] < source.frames[0].rows
    assert anchors[5].row == rows[0]


def test_more_earlier_studies_than_frames_stay_on_the_last(out_of_scope):
    source = source_series(out_of_scope.selection)
    last = source.headers[-1].SOPInstanceUID
    assert source.outer_anchor(1000).sop_instance_uid == last
