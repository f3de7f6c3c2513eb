"""Query SCU: asks a peer what it holds (C-FIND, Study Root, PS3.4 annex C)."""

from collections.abc import Mapping

from pydicom.dataset import Dataset
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from pacs.sender import Destination, SendError, SendFailure, _association, _require_contexts

_MODEL = StudyRootQueryRetrieveInformationModelFind
# Implicit VR is what every SCP takes (PS3.5, 10.1).
_SYNTAXES = [(str(_MODEL), "1.2.840.10008.1.2")]
# PS3.4, table C.4-1: a match follows.
_PENDING = (0xFF00, 0xFF01)


def find(destination: Destination, keys: Mapping[str, str]) -> list[dict[str, str]]:
    """Ask for everything that matches.

    Parameters
    ----------
    keys : value by keyword, empty for what is only asked for; ``QueryRetrieveLevel`` and the
        unique keys of the levels above are among them (PS3.4, C.4.1.1.3)

    Returns
    -------
    one mapping a match, with the keywords of `keys`; empty text for what the peer does not say

    Raises
    ------
    SendError
        If the peer cannot be asked, or does not answer with success.
    """
    with _association(destination, _SYNTAXES) as association:
        _require_contexts(association, _SYNTAXES)
        matches: list[dict[str, str]] = []
        for status, match in association.send_c_find(_identifier(keys), _MODEL):
            if "Status" not in status:
                raise SendError(SendFailure.ABORTED, "no answer to C-FIND")
            if status.Status in _PENDING and match is not None:
                matches.append({keyword: str(match.get(keyword) or "") for keyword in keys})
            elif status.Status != 0:
                raise SendError(SendFailure.ABORTED, f"C-FIND answered 0x{status.Status:04X}")
        return matches


def _identifier(keys: Mapping[str, str]) -> Dataset:
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier
