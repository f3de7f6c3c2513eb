from collections.abc import Callable
from pathlib import Path

import pytest

from app.service.delivery import Route, probe
from app.service.delivery.folder import Folder
from pacs.sender import Destination, SendError, SendFailure
from pacs.stow import StowService
from tests.app.service.delivery.archive import Archive


def test_destination_that_is_there_passes_the_probe(archive: Archive, tmp_path: Path) -> None:
    archive.sop_classes = ("1.2.840.10008.1.1",)
    probe(Route(archive.start()))
    probe(Route(Folder(tmp_path)))


@pytest.mark.parametrize(
    ("target", "failure"),
    [
        (lambda _: Destination("127.0.0.1", 1, "A", "B", 1), SendFailure.UNREACHABLE),
        (lambda _: StowService("http://127.0.0.1:1"), SendFailure.UNREACHABLE),
        (lambda folder: Folder(folder / "away"), SendFailure.FOLDER_MISSING),
    ],
)
def test_destination_that_is_away_is_named(
    tmp_path: Path, target: Callable[[Path], Folder], failure: SendFailure
) -> None:
    with pytest.raises(SendError) as caught:
        probe(Route(target(tmp_path)))
    assert caught.value.failure is failure
