"""How many instances a study has, as its sender says (C-FIND, study level)."""

import logging
from dataclasses import dataclass

from pacs.query import find
from pacs.sender import Destination, SendError

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SenderCount:
    """Asks one peer; called with a study, as `CompletionRules.ask_count`."""

    peer: Destination

    def __call__(self, study: str) -> int | None:
        """Return (0020,1208) Number of Study Related Instances, None where it is not said."""
        keys = {
            "QueryRetrieveLevel": "STUDY",
            "StudyInstanceUID": study,
            "NumberOfStudyRelatedInstances": "",
        }
        try:
            matches = find(self.peer, keys)
        except SendError as error:
            _LOG.warning("study %s: its sender does not say how much it has: %s", study, error)
            return None
        counts = [
            match["NumberOfStudyRelatedInstances"]
            for match in matches
            if match["StudyInstanceUID"] == study
        ]
        return int(counts[0]) if len(counts) == 1 and counts[0].isdigit() else None
