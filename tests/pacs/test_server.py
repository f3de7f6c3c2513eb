from collections.abc import Callable

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage
from pynetdicom import AE
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Verification

from pacs.sender import Destination

Listen = Callable[..., Destination]


def test_what_one_association_negotiated_binds_no_other(listen: Listen) -> None:
    destination = listen()
    accepted = []
    for syntax in (ImplicitVRLittleEndian, "1.2.3.4.5", ExplicitVRLittleEndian):
        association = AE("SENDER").associate(
            destination.host,
            destination.port,
            contexts=[build_context(MRImageStorage, [syntax]), build_context(Verification)],
            ae_title="SPINEMAP",
        )
        found = {cx.abstract_syntax: cx.transfer_syntax[0] for cx in association.accepted_contexts}
        accepted.append(found.get(MRImageStorage))
        association.release()
    assert accepted == [ImplicitVRLittleEndian, None, ExplicitVRLittleEndian]
