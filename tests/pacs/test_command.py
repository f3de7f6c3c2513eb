from io import BytesIO

import pytest
from pydicom.uid import MRImageStorage
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ, C_STORE_RSP, DIMSEMessage
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.pdu import P_DATA_TF

from pacs.command import StoreRequest, decode_store_request, encode_store_response

REQUEST = StoreRequest(7, MRImageStorage, "1.2.3.4", 1, has_data_set=True)


def _command(message: DIMSEMessage, primitive: object) -> bytes:
    """Return the command set as pynetdicom encodes it."""
    message.primitive_to_message(primitive)
    first = next(message.encode_msg(1, 0))
    return bytes(first.presentation_data_value_list[0][1][1:])


def _store_command() -> bytes:
    primitive = C_STORE()
    primitive.MessageID = 7
    primitive.AffectedSOPClassUID = MRImageStorage
    primitive.AffectedSOPInstanceUID = "1.2.3.4"
    primitive.Priority = 1
    primitive.DataSet = BytesIO(b"\x08\x00\x05\x00CS\x00\x00")
    return _command(C_STORE_RQ(), primitive)


def test_request_of_pynetdicom_is_read() -> None:
    assert decode_store_request(_store_command()) == REQUEST


def test_other_commands_are_none_of_ours() -> None:
    echo = C_ECHO()
    echo.MessageID = 1
    assert decode_store_request(_command(C_ECHO_RQ(), echo)) is None


def test_every_cut_of_a_command_is_refused_by_value_error() -> None:
    command = _store_command()
    for end in range(len(command)):
        with pytest.raises(ValueError, match="command set"):
            decode_store_request(command[:end])


@pytest.mark.parametrize("noise", [b"\xff" * 40, b"\x08\x00" * 20, bytes(40)])
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(ValueError, match="command set"):
        decode_store_request(noise)


@pytest.mark.parametrize("status", [0x0000, 0xA700, 0xC000])
@pytest.mark.parametrize("uid", ["1.2.3.4", "1.2.3.45"], ids=["odd", "even"])
def test_response_is_read_by_pynetdicom(status: int, uid: str) -> None:
    request = StoreRequest(7, MRImageStorage, uid, 0, has_data_set=True)
    pdu = P_DATA_TF()
    pdu.decode(encode_store_response(request, 3, status))
    message = DIMSEMessage()
    assert message.decode_msg(pdu.to_primitive())
    assert isinstance(message, C_STORE_RSP)
    response = message.message_to_primitive()
    assert (response.Status, response.MessageIDBeingRespondedTo) == (status, 7)
    assert (response.AffectedSOPClassUID, response.AffectedSOPInstanceUID) == (MRImageStorage, uid)
    assert message.context_id == 3
