"""Kill -9 at twelve points, each once: nothing is lost, nothing delivered twice."""

from pathlib import Path

import pytest

from tests.chaos.kills_chain import Chain, Rig, recording_archive
from tests.chaos.kills_points import Point
from tests.chaos.kills_studies import stand_in_kills

# Objects that the destination had received and that the receipt named when the service died.
STOOD = dict.fromkeys(Point, (0, 0)) | {
    Point.MID_DELIVERY: (1, 1),
    Point.PEER_ANSWERED: (2, 1),
    Point.BEFORE_COMMITMENT: (3, 3),
}


@pytest.mark.slow
def test_kill_at_any_point_loses_nothing_and_delivers_nothing_twice(tmp_path: Path) -> None:
    # One test: the points share an instance, and as many tests may be spread over processes.
    archive = recording_archive()
    try:
        chain = Chain(tmp_path, Rig("stand-in"), archive)
        seen = chain.run(stand_in_kills(tmp_path / "studies", Point))
    finally:
        archive.stop()
    stood = {one.kill.point: (one.died - one.begun, len(one.recorded)) for one in seen}
    assert {one.kill.point: one.broken for one in seen if one.broken} == {}
    assert stood == STOOD
    for one in seen:
        assert one.acknowledged == set(one.kill.study.files)
