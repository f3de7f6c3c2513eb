import json
from pathlib import Path

import pytest

from app.destinations import DicomSection
from app.service.delivery.folder import Folder
from app.service.delivery.routes import CommitmentRule, OverdueRule, Route
from app.settings import load_settings
from pacs.sender import Destination
from pacs.stow import StowService
from spine.errors import Code, SpineError
from spine.reporting.kinds import DEFAULT_KINDS, Kind

DICOM = {"name": "pacs", "host": "10.1.2.3", "port": 104, "ae_title": "PACS"}
STOW = {"name": "web", "kind": "stow", "url": "https://pacs.example/dicom-web"}
FOLDER = {"name": "share", "kind": "folder", "path": "/srv/export"}
QUERY = {"host": "10.1.2.4", "port": 105, "ae_title": "FIND"}


def _route(entry: dict[str, object]) -> Route:
    settings = load_settings(environ={"SPINEMAP_DESTINATIONS": json.dumps([entry])})
    return settings.destinations[0].to_route()


def test_destination_without_a_kind_is_an_application_entity() -> None:
    target = Destination("10.1.2.3", 104, "PACS", "SPINEMAP", 30)
    assert _route(DICOM) == Route(target, DEFAULT_KINDS, target, CommitmentRule(), OverdueRule())


@pytest.mark.parametrize(
    ("setting", "rule"),
    [(False, None), (True, CommitmentRule(is_required=True)), ("auto", CommitmentRule())],
)
def test_commitment(setting: object, rule: CommitmentRule | None) -> None:
    assert _route({**DICOM, "commitment": setting}).commitment == rule


def test_patient_is_compared_at_whom_the_site_names() -> None:
    asked = Destination("10.1.2.4", 105, "FIND", "SPINEMAP", 30)
    assert _route({**DICOM, "query": QUERY}).query == asked
    assert _route({**DICOM, "verify_patient": False}).query is None
    assert _route({**STOW, "query": QUERY, "verify_patient": True}).query == asked
    assert _route({**FOLDER, "query": QUERY}).query is None


def test_objects_alarm_and_limits() -> None:
    more = {"objects": ["report"], "overdue_after_attempts": 3, "overdue_after_hours": 0.5}
    route = _route({**FOLDER, **more})
    assert route == Route(
        Folder(Path("/srv/export")), frozenset({Kind.REPORT}), overdue=OverdueRule(3, 0.5)
    )


def test_web_service_with_its_secrets() -> None:
    route = _route({**STOW, "token_file": "/run/token", "ca_file": "/etc/ca.pem", "timeout_s": 5})
    assert route.target == StowService(
        "https://pacs.example/dicom-web", Path("/etc/ca.pem"), Path("/run/token"), timeout_s=5
    )


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ({**DICOM, "url": "https://pacs.example"}, "url"),
        ({**DICOM, "kind": "fax"}, "kind"),
        ({**DICOM, "objects": []}, "objects"),
        ({**DICOM, "objects": ["letter"]}, "objects"),
        ({**DICOM, "commitment": "perhaps"}, "commitment"),
        ({**DICOM, "port": 0}, "port"),
        ({**DICOM, "overdue_after_attempts": 0}, "overdue_after_attempts"),
        ({**STOW, "url": "ftp://pacs.example"}, "url"),
        ({**STOW, "url": "https://ali:sesame@pacs.example"}, "url"),
        ({**STOW, "user": "ali"}, "password_file"),
        ({**STOW, "token_file": "/t", "user": "a", "password_file": "/p"}, "not both"),
        ({**STOW, "url": "http://pacs.example", "token_file": "/t"}, "https only"),
        ({**STOW, "commitment": True}, "commitment"),
        ({**STOW, "verify_patient": True}, "needs query"),
        ({**FOLDER, "verify_patient": True}, "needs query"),
    ],
)
def test_wrong_settings_are_named_but_never_quoted(entry: dict[str, object], named: str) -> None:
    with pytest.raises(SpineError, match=named) as caught:
        _route(entry)
    assert caught.value.code is Code.SETTINGS_INVALID
    assert "sesame" not in str(caught.value)


def test_secret_over_http_is_for_this_machine_only() -> None:
    service = _route({**STOW, "url": "http://127.0.0.1:8042/x", "token_file": "/t"}).target
    assert service == StowService("http://127.0.0.1:8042/x", token_file=Path("/t"))


def test_section_is_typed() -> None:
    settings = load_settings(environ={"SPINEMAP_DESTINATIONS": json.dumps([DICOM])})
    assert isinstance(settings.destinations[0], DicomSection)


def test_rejection_notes_are_for_those_who_take_them() -> None:
    assert not _route(DICOM).rejection_notes
    for entry in (DICOM, STOW, FOLDER):
        assert _route({**entry, "rejection_notes": True}).rejection_notes
