"""Query SCU: asks a peer what it holds (C-FIND, Study Root, PS3.4 annex C)."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from pacs.association import Destination, SendError, SendFailure, accepted, associate
from pacs.part10 import READ_ERRORS

_MODEL = StudyRootQueryRetrieveInformationModelFind
# Explicit VR is asked for too, but every SCP takes Implicit VR (PS3.5, 10.1).
_SYNTAXES = [(str(_MODEL), str(ImplicitVRLittleEndian)), (str(_MODEL), str(ExplicitVRLittleEndian))]
# PS3.4, table C.4-1: a match follows.
_PENDING = (0xFF00, 0xFF01)
_MOST_MATCHES = 100_000


def find(destination: Destination, keys: Mapping[str, str]) -> list[dict[str, str]]:
    """Ask for everything that matches.

    Parameters
    ----------
    keys : value by keyword, empty for what is only asked for; ``QueryRetrieveLevel`` and the
        unique keys of the levels above are among them (PS3.4, C.4.1.1.3)

    Returns
    -------
    one mapping a match, with the keywords of `keys`
        Empty text stands for what the peer does not say.

    Raises
    ------
    SendError
        If the peer cannot be asked, or ``QUERY_FAILED`` with the status of its answer.
    """
    with associate(destination, _SYNTAXES) as association:
        if not accepted(association):
            raise SendError(SendFailure.CONTEXT_REJECTED, _MODEL.name)
        try:
            answers = association.send_c_find(_identifier(keys), _MODEL)
        except RuntimeError as error:  # pynetdicom's word for an association that has ended
            raise SendError(SendFailure.ABORTED, "before C-FIND") from error
        return _matches(answers, keys)


def read_texts(path: Path, keywords: Iterable[str]) -> dict[str, str]:
    """Read elements of a stored instance as text, empty where absent; no pixels are read.

    Raises
    ------
    SendError
        ``FILE_UNREADABLE`` if it is gone or no DICOM file.
    """
    try:
        names = [*keywords, "SpecificCharacterSet"]
        return texts(dcmread(path, stop_before_pixels=True, specific_tags=names), keywords)
    except READ_ERRORS as error:
        raise SendError(SendFailure.FILE_UNREADABLE, path.name) from error


def texts(data_set: Dataset, keywords: Iterable[str]) -> dict[str, str]:
    """Return elements as text; absent and empty are the same, several values are joined."""
    values = {keyword: data_set.get(keyword) for keyword in keywords}
    return {
        keyword: "" if value is None else str(value).strip(" \0")
        for keyword, value in values.items()
    }


def _matches(
    answers: Iterable[tuple[Dataset, Dataset | None]], keys: Mapping[str, str]
) -> list[dict[str, str]]:
    matches: list[dict[str, str]] = []
    for status, match in answers:
        if "Status" not in status:
            raise SendError(SendFailure.ABORTED, "no answer to C-FIND")
        if status.Status in _PENDING and match is not None and len(matches) < _MOST_MATCHES:
            matches.append(texts(match, keys))
        elif status.Status != 0:
            raise SendError(SendFailure.QUERY_FAILED, f"0x{status.Status:04X}")
    return matches


def _identifier(keys: Mapping[str, str]) -> Dataset:
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier
