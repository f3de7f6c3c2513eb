"""What a STOW-RS service says of each object: the Store Instances Response (PS3.18, I.2.2)."""

import json
from typing import Any

from pacs.association import SendError, SendFailure
from pacs.sender import DUPLICATE

# PS3.18, table I.2-1, in the DICOM JSON model of annex F: elements by tag.
_FAILED, _REFERENCED = "00081198", "00081199"
_INSTANCE, _FAILURE_REASON, _WARNING_REASON = "00081155", "00081197", "00081196"


def status_of(uid: str, content: bytes, code: int) -> int | SendError:
    """Find an object in the response: 0, a warning, that it was there, or why it failed.

    A service that confirms something else, or nothing, has not confirmed this object.

    Parameters
    ----------
    uid : SOP instance UID
    content : body of the answer
    code : HTTP status, for the failure's detail
    """
    try:
        answer = json.loads(content)
        answer = answer[0] if isinstance(answer, list) else answer
        if (failed := _item(answer, _FAILED, uid)) is not None:
            status = _number(failed, _FAILURE_REASON)
            if status == DUPLICATE:
                return status
            return SendError(SendFailure.NOT_STORED, f"0x{status:04X} for {uid}", status)
        if (stored := _item(answer, _REFERENCED, uid)) is not None:
            return _number(stored, _WARNING_REASON)
    except (ValueError, TypeError, LookupError, AttributeError):
        pass
    return SendError(SendFailure.NOT_CONFIRMED, f"HTTP {code} for {uid}")


def _item(answer: Any, sequence: str, uid: str) -> Any:
    for item in answer.get(sequence, {}).get("Value", []):
        if item[_INSTANCE]["Value"][0] == uid:
            return item
    return None


def _number(item: Any, tag: str) -> int:
    return int(item.get(tag, {}).get("Value", [0])[0])
