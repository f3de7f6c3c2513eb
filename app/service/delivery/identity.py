"""Does the destination know the study under the patient that we received?"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pacs.query import find, read_texts
from pacs.sender import Destination, SendError

_COMPARED = ("PatientID", "PatientBirthDate", "AccessionNumber")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found.

    Attributes
    ----------
    differing : keywords; never their values
    note : why nothing could be compared, empty where something was
    """

    differing: tuple[str, ...] = ()
    note: str = ""


def compare_patient(study: str, received: Iterable[Path], destination: Destination) -> Comparison:
    """Compare patient id, birth date and accession number of a study.

    What either side does not say is no difference: a destination may have added an
    accession number that the scanner never knew.

    Parameters
    ----------
    received : instances of the study, of which the first that is still there is read
    """
    ours = next((texts for path in received if (texts := _texts(path))), None)
    if ours is None:
        return Comparison(note="nothing received is left")
    keys = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": study}
    try:
        answers = find(destination, keys | dict.fromkeys(_COMPARED, ""))
    except SendError as error:
        return Comparison(note=error.failure.value)
    theirs = [answer for answer in answers if answer["StudyInstanceUID"] in (study, "")]
    if not theirs:
        return Comparison(note="study unknown")
    return Comparison(tuple(name for name in _COMPARED if _differs(name, ours, theirs)))


def _differs(name: str, ours: dict[str, str], theirs: list[dict[str, str]]) -> bool:
    return any(ours[name] and answer[name] and ours[name] != answer[name] for answer in theirs)


def _texts(path: Path) -> dict[str, str] | None:
    try:
        return read_texts(path, _COMPARED)
    except SendError:
        return None
