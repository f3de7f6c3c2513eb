"""How a disc looks beyond what its grades say, for worlds that plant signs of their own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiscLook:
    """Signs that replace those which a disc's state would give it.

    Attributes
    ----------
    signal : factor on the signal of the whole disc
    speckle : relative SD of its texture
    cleft : share of the nucleus' signal lost in the dark band through its middle, 0 to 1
    fissure : brightness of the high-intensity zone in the posterior annulus, 1 as usual
    """

    signal: float
    speckle: float
    cleft: float
    fissure: float
