"""A PACS in this process: records what it gets, answers queries, commits as told."""

import hashlib
from dataclasses import dataclass, field
from threading import Timer

from pydicom.dataset import Dataset
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, evt
from pynetdicom.events import Event
from pynetdicom.presentation import build_role
from pynetdicom.sop_class import (
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    LabelMapSegmentationStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
)

from pacs.sender import Destination

SEGMENTATION, REPORT = str(SegmentationStorage), str(Comprehensive3DSRStorage)
LABEL_MAP, TEXT_REPORT = str(LabelMapSegmentationStorage), str(EnhancedSRStorage)
PICTURE, DOCUMENT = str(SecondaryCaptureImageStorage), str(EncapsulatedPDFStorage)


@dataclass
class Archive:
    """What it has seen, and what it shall say.

    Attributes
    ----------
    received : SOP instance UID and SHA-256 of the data set, in order
    sop_classes : of storage, that it takes
    refused : status by SOP class, of what it takes but does not store
    known : answers to C-FIND; None: it does not answer any
    commits : whether it offers commitment; `reports` whether it ever reports, and to which
        port of ours, or on the same association where that is 0
    lost : SOP instance UIDs it does not commit to
    action_status : its answer to being asked
    """

    received: list[tuple[str, str]] = field(default_factory=list)
    sop_classes: tuple[str, ...] = (SEGMENTATION, REPORT, PICTURE, DOCUMENT)
    refused: dict[str, int] = field(default_factory=dict)
    known: list[Dataset] | None = None
    commits: bool = False
    reports: int | None = None
    lost: tuple[str, ...] = ()
    action_status: int = 0x0000
    asked: list[Dataset] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)

    @property
    def uids(self) -> list[str]:
        return [uid for uid, _ in self.received]

    def start(self) -> Destination:
        entity = AE("PACS")
        for sop_class in self.sop_classes:
            entity.add_supported_context(sop_class, ALL_TRANSFER_SYNTAXES)
        if self.known is not None:
            entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        if self.commits:
            entity.add_supported_context(StorageCommitmentPushModel)
        self._server = entity.start_server(
            ("127.0.0.1", 0),
            block=False,
            evt_handlers=[
                (evt.EVT_C_STORE, self._store),
                (evt.EVT_C_FIND, self._find),
                (evt.EVT_N_ACTION, self._act),
            ],
        )
        return Destination("127.0.0.1", self._server.server_address[1], "PACS", "SPINEMAP", 5)

    def stop(self) -> None:
        self._server.shutdown()

    def report(self, asked: Dataset, port: int) -> None:
        """Report on a new association, as SCP."""
        entity = AE("PACS")
        entity.add_requested_context(StorageCommitmentPushModel)
        roles = [build_role(StorageCommitmentPushModel, scp_role=True)]
        association = entity.associate("127.0.0.1", port, ext_neg=roles, ae_title="SPINEMAP")
        self._report_on(association, asked)
        association.release()

    def _store(self, event: Event) -> int:
        status = self.refused.get(str(event.request.AffectedSOPClassUID), 0)
        if status == 0:
            digest = hashlib.sha256(event.encoded_dataset(include_meta=False)).hexdigest()
            self.received.append((str(event.request.AffectedSOPInstanceUID), digest))
        return status

    def _find(self, _event: Event) -> object:
        for match in self.known or ():
            yield 0xFF00, match
        yield 0x0000, None

    def _act(self, event: Event) -> tuple[int, None]:
        asked = event.action_information
        self.asked.append(asked)
        if self.action_status != 0:
            return self.action_status, None
        if self.reports == 0:
            # Later: this association is busy until the question is answered.
            Timer(0.2, self._report_on, [event.assoc, asked]).start()
        elif self.reports is not None:
            Timer(0.2, self.report, [asked, self.reports]).start()
        return 0x0000, None

    def _report_on(self, association: object, asked: Dataset) -> None:
        report = Dataset()
        report.TransactionUID = asked.TransactionUID
        items = list(asked.ReferencedSOPSequence)
        report.ReferencedSOPSequence = [i for i in items if not self._has_lost(i)]
        if failed := [item for item in items if self._has_lost(item)]:
            for item in failed:
                item.FailureReason = 0x0112
            report.FailedSOPSequence = failed
        answer, _ = association.send_n_event_report(  # type: ignore[attr-defined]
            report,
            2 if failed else 1,
            StorageCommitmentPushModel,
            StorageCommitmentPushModelInstance,
        )
        self.acknowledged.append(int(answer.get("Status", -1)))

    def _has_lost(self, item: Dataset) -> bool:
        return item.ReferencedSOPInstanceUID in self.lost
