"""Ribs as witnesses: the last vertebra with a rib is thoracic, those beside the run are not.

Where regions meet, the network often calls a body half one and half the other, and with it
twelve and six, thirteen and five, or eleven and five vertebrae are equally likely.
"""

from collections.abc import Sequence

import numpy as np

from spine.anatomy.labels import TissueClass
from spine.imaging.volume import LabelMap
from spine.segmentation.instances import Instances
from spine.segmentation.levels import Vote

# How far a rib's neck lies from its body: to the side, and along the column in heights of it.
REACH_MM = 45.0
REACH_HEIGHTS = 0.6
# On one side, near one body. In 10 rendered spines the last rib had 72 mm3 or more, the first
# lumbar vertebra 5 or less.
RIB_MM3 = 40.0
NO_RIB_MM3 = 20.0
# A lone rib says nothing: what a network takes for one by a lumbar vertebra is alone.
SHORTEST_RUN = 2
# How often the witness is right; an assumption that outweighs an undecided network, no other.
CREDENCE = 0.9


def hear_ribs(votes: Sequence[Vote], instances: Instances, classes: LabelMap) -> list[Vote]:
    """Weigh the votes of the last body with a rib, and of those beside the run, by that.

    Parameters
    ----------
    votes : of each body, head to foot

    Returns
    -------
    As many votes, changed where a run of bodies with ribs is in view; of its first body nothing
    is said, since the first rib rises beside the neck
    """
    heard = list(votes)
    volumes = rib_volumes_mm3(instances, classes)
    run = _longest_run(volumes)
    if len(run) >= SHORTEST_RUN:
        heard[run[-1]] = _weighed(votes[run[-1]], thoracic=CREDENCE)
        for beside in (run[0] - 1, run[-1] + 1):
            if 0 <= beside < len(votes) and volumes[beside] < NO_RIB_MM3:
                heard[beside] = _weighed(votes[beside], thoracic=1 - CREDENCE)
    return heard


def rib_volumes_mm3(instances: Instances, classes: LabelMap) -> list[float]:
    """Return how much rib lies beside each body, on the side that shows more."""
    spacing = np.asarray(classes.grid.spacing_mm)
    ribs = np.argwhere(classes.data == TissueClass.RIB) * spacing
    volumes: list[float] = []
    for body in instances.bodies:
        offset = ribs - body.center
        along = np.abs(offset @ instances.guide.tangent_at(float(body.center[2])))
        near = (along < REACH_HEIGHTS * body.height_mm) & (
            np.linalg.norm(offset, axis=1) < REACH_MM
        )
        beside = ribs[near, 0] > instances.guide.canal_right_at(ribs[near, 2])
        most = max(np.count_nonzero(beside), np.count_nonzero(~beside))
        volumes.append(most * float(np.prod(spacing)))
    return volumes


def _longest_run(volumes: Sequence[float]) -> range:
    """Return the longest row of neighboring bodies with ribs."""
    longest, start = range(0), 0
    for at, volume in enumerate(volumes, start=1):
        if volume < RIB_MM3:
            start = at
        elif at - start > len(longest):
            longest = range(start, at)
    return longest


def _weighed(vote: Vote, thoracic: float) -> Vote:
    """Multiply each region's share by how likely it is."""
    other = 1 - thoracic
    shares = (vote.cervical * other, vote.thoracic * thoracic, vote.lumbar * other)
    return Vote(*(share / sum(shares) for share in shares))
