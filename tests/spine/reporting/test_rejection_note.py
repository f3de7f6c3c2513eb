"""Our rejection notes, read by readers that are not ours, and foreign ones by ours."""

import copy
import subprocess
from datetime import UTC, datetime

import pytest
from highdicom.ko import KeyObjectSelectionDocument
from pydicom import dcmread

from spine.dicom.identifiers import is_own_result
from spine.dicom.rejection import RejectionTitle, read_rejection_note
from spine.errors import Code, InputError
from spine.reporting.rejection_note import rejection_note

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def objects(written):
    return sorted(written("findings").objects.values())


@pytest.fixture
def make(objects, tmp_path):
    def make(title=RejectionTitle.PATIENT_SAFETY, change=None):
        path = tmp_path / "note.dcm"
        path.write_bytes(rejection_note(objects, title, MOMENT, "0.1.0"))
        document = dcmread(path)
        if change is not None:
            change(document)
        document.save_as(path)
        return path

    return make


@pytest.mark.parametrize("title", RejectionTitle)
def test_validator_accepts_it(make, title):
    done = subprocess.run(
        ["dciodvfy", "-new", str(make(title))], capture_output=True, text=True, check=False
    )
    assert "Error" not in done.stderr
    assert "KeyObjectSelectionDocument" in done.stderr


def test_another_reader_finds_every_object_under_its_study_and_series(make, objects):
    document = KeyObjectSelectionDocument.from_dataset(dcmread(make()))

    for path in objects:
        header = dcmread(path, stop_before_pixels=True)
        where = header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID
        assert document.resolve_reference(header.SOPInstanceUID) == where
    assert len(document.content.get_references()) == len(objects)


@pytest.mark.parametrize(
    ("title", "code"),
    [
        (RejectionTitle.PATIENT_SAFETY, ("113037", "Rejected for Patient Safety Reasons")),
        (RejectionTitle.QUALITY, ("113001", "Rejected for Quality Reasons")),
        (RejectionTitle.INCORRECT_WORKLIST_ENTRY, ("113038", "Incorrect Modality Worklist Entry")),
        (RejectionTitle.RETENTION_EXPIRED, ("113039", "Data Retention Policy Expired")),
    ],
)
def test_title_says_why(make, title, code):
    (found,) = dcmread(make(title)).ConceptNameCodeSequence

    assert (found.CodeValue, found.CodeMeaning) == code
    assert found.CodingSchemeDesignator == "DCM"
    # Some archives compare the version as well, and then know no rejection note.
    assert "CodingSchemeVersion" not in found


def test_it_is_filed_with_the_patient_and_study_of_its_objects_and_known_as_ours(make, objects):
    document, source = dcmread(make()), dcmread(objects[0], stop_before_pixels=True)

    for keyword in ("PatientID", "PatientName", "IssuerOfPatientID", "StudyInstanceUID"):
        assert document[keyword].value == source[keyword].value
    assert document.Modality == "KO"
    assert (document.ContentDate, document.ContentTime) == ("20260102", "030405")
    # When it comes back it must not be taken for somebody's rejection of our sources.
    assert is_own_result(document)
    texts = [item.TextValue for item in document.ContentSequence if "TextValue" in item]
    assert "SpineMAP withdraws these results. Do not use them." in texts


def test_equal_arguments_give_equal_bytes_and_others_another_document(objects):
    first = rejection_note(objects, RejectionTitle.QUALITY, MOMENT, "0.1.0")
    assert first == rejection_note(objects, RejectionTitle.QUALITY, MOMENT, "0.1.0")
    assert first != rejection_note(objects[1:], RejectionTitle.QUALITY, MOMENT, "0.1.0")
    assert first != rejection_note(objects, RejectionTitle.PATIENT_SAFETY, MOMENT, "0.1.0")


def test_what_was_written_is_read(make, objects):
    note = read_rejection_note(make(RejectionTitle.QUALITY))

    headers = [dcmread(path, stop_before_pixels=True) for path in objects]
    assert note.title is RejectionTitle.QUALITY
    assert note.instances == tuple(
        sorted((header.StudyInstanceUID, header.SOPInstanceUID) for header in headers)
    )


def test_key_images_for_another_purpose_are_no_rejection(make):
    def teach(document):
        document.ConceptNameCodeSequence[0].CodeValue = "113004"

    assert read_rejection_note(make(change=teach)) is None


def _no_title(document):
    del document.ConceptNameCodeSequence


def _no_content(document):
    document.ContentSequence = []


def _no_evidence(document):
    del document.CurrentRequestedProcedureEvidenceSequence


def _more_than_the_evidence(document):
    item = copy.deepcopy(document.ContentSequence[-1])
    item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "1.2.3.4"
    document.ContentSequence.append(item)


def _path_for_a_uid(document):
    study = document.CurrentRequestedProcedureEvidenceSequence[0]
    study["StudyInstanceUID"]._value = "../../etc"


@pytest.mark.parametrize(
    "change", [_no_title, _no_content, _no_evidence, _more_than_the_evidence, _path_for_a_uid]
)
def test_note_that_does_not_say_what_it_rejects_is_invalid(make, change):
    with pytest.raises(InputError) as caught:
        read_rejection_note(make(change=change))
    assert caught.value.code is Code.REJECTION_NOTE_INVALID


def test_note_that_ends_early_is_invalid(make, tmp_path):
    content = make().read_bytes()
    for size in (0, 100, 400, len(content) // 2):
        path = tmp_path / "cut.dcm"
        path.write_bytes(content[:size])
        with pytest.raises(InputError):
            read_rejection_note(path)
