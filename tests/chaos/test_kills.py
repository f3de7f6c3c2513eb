"""Kill -9 at twelve points: nothing is lost, nothing delivered twice. Each once; `make chaos` more.

One instance lives through all twelve, so the points are killed in one test's setup.
"""

from collections.abc import Iterator

import pytest

from tests.chaos.kills_chain import Chain, Rig, recording_archive
from tests.chaos.kills_points import Point
from tests.chaos.kills_promises import Seen
from tests.chaos.kills_studies import stand_in_kills

# Objects that the destination had received and that the receipt named when the service died.
STOOD = dict.fromkeys(Point, (0, 0)) | {
    Point.MID_DELIVERY: (1, 1),
    Point.PEER_ANSWERED: (2, 1),
    Point.BEFORE_COMMITMENT: (3, 3),
}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Point, Seen]]:
    folder = tmp_path_factory.mktemp("kills")
    archive = recording_archive()
    try:
        chain = Chain(folder, Rig("stand-in"), archive)
        kills = stand_in_kills(folder / "studies", Point)
        yield {one.kill.point: one for one in chain.run(kills)}
    finally:
        archive.stop()


@pytest.mark.parametrize("point", Point)
def test_kill_loses_nothing_and_delivers_nothing_twice(
    seen: dict[Point, Seen], point: Point
) -> None:
    assert point in seen, "an earlier kill ended the chain"
    assert not seen[point].broken
    assert seen[point].acknowledged == set(seen[point].kill.study.files)


@pytest.mark.parametrize("point", Point)
def test_service_dies_at_the_very_point(seen: dict[Point, Seen], point: Point) -> None:
    assert point in seen, "an earlier kill ended the chain"
    one = seen[point]
    assert (one.died - one.begun, len(one.recorded)) == STOOD[point]
