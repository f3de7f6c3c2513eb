"""Whether the sizes of vertebrae and discs are ones that a patient of this age can have."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spine.anatomy.geometry import DiscGeometry, SpineGeometry, VertebraGeometry
from spine.anatomy.levels import DiscLevel, Level
from spine.anatomy.sizes import Size, body_size, disc_size, growth, pitch_mm
from spine.segmentation.limits import Limits, SizeSettings, Verdict

# Share of the box around a body or a disc that it fills: an ellipse with a flat back.
FILLED_SHARE = 0.8
# A patient of unknown age may be a child of so many years, or an adult.
YOUNGEST_YEARS = 6.0


@dataclass(frozen=True, slots=True)
class Judgment:
    """A measure of one level that is not plausible, and why, as one sentence."""

    level: Level | DiscLevel
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Scales:
    """Shares of an adult's size between which a patient may lie."""

    smallest: float
    largest: float

    @classmethod
    def at(cls, age_years: float | None) -> "Scales":
        """Return both for an age; None is any age from a child's of six years."""
        if age_years is None:
            return cls(growth(YOUNGEST_YEARS), 1.0)
        return cls(growth(age_years), growth(age_years))


def judge_sizes(
    spine: SpineGeometry, shown_mm: float, settings: SizeSettings, age_years: float | None
) -> tuple[Judgment, ...]:
    """Judge every measure of every level; what was not measured is not judged.

    Parameters
    ----------
    shown_mm : breadth of the stack of slices, beyond which a volume cannot be seen
    """
    judge = _Judge(settings, Scales.at(age_years), age_years, shown_mm)
    found = [
        *(item for vertebra in spine.vertebrae for item in judge.vertebra(vertebra)),
        *(item for disc in spine.discs for item in judge.disc(disc)),
        *judge.pitches(spine),
    ]
    return tuple(item for item in found if item.verdict is not Verdict.PLAUSIBLE)


def judge_scale(
    spine: SpineGeometry, settings: SizeSettings, age_years: float | None
) -> tuple[Verdict, str]:
    """Judge the size of all bodies at once: a wrong spacing makes every one too large or small."""
    scales = Scales.at(age_years)
    bodies = [vertebra for vertebra in spine.vertebrae if vertebra.level is not Level.C2]
    if len(bodies) < 3:
        return Verdict.PLAUSIBLE, ""
    usual = [body_size(body.level) for body in bodies]
    pairs = list(zip(bodies, usual, strict=True))
    depth = float(np.median([body.width_mm / size.depth_mm for body, size in pairs]))
    height = float(np.median([body.height_mm / size.height_mm for body, size in pairs]))
    verdicts = [
        settings.scale.verdict(share, scales.smallest, scales.largest) for share in (depth, height)
    ]
    reason = (
        f"The vertebrae measure {depth:.0%} of the usual depth and {height:.0%} of the usual "
        "height."
    )
    return max(verdicts), reason


@dataclass(frozen=True, slots=True)
class _Judge:
    settings: SizeSettings
    scales: Scales
    age_years: float | None
    shown_mm: float

    def vertebra(self, body: VertebraGeometry) -> Iterator[Judgment]:
        if body.level is Level.C2:  # the dens belongs to no size of the table
            return
        usual = body_size(body.level)
        limits = self.settings
        aged = self.age_years is None or self.age_years >= limits.fracture_years
        heights = limits.aged_body_height if aged else limits.body_height
        name = f"the vertebra {body.level}"
        share = body.width_mm / usual.depth_mm
        yield self._length(body.level, limits.body_depth, share, f"depth of {name}", body.width_mm)
        share = body.height_mm / usual.height_mm
        yield self._length(body.level, heights, share, f"height of {name}", body.height_mm)
        if body.volume_mm3 is not None:
            yield self._volume(
                body.level, limits.body_volume, body.volume_mm3, usual, f"volume of {name}"
            )

    def disc(self, disc: DiscGeometry) -> Iterator[Judgment]:
        usual = disc_size(disc.level)
        limits = self.settings
        young = self.age_years is not None and self.age_years < limits.wear_years
        heights = limits.young_disc_height if young else limits.disc_height
        measures = [(heights, disc.height_mm, usual.height_mm, "height")]
        if disc.extent_mm is not None:
            extent = "extent along its normal"
            measures.append((limits.disc_extent, disc.extent_mm, usual.height_mm, extent))
        if disc.shape is not None:
            measures.append((limits.disc_depth, disc.shape.depth_mm, usual.depth_mm, "depth"))
        elif disc.extent_mm is not None:
            reason = f"The midsagittal section of the disc {disc.level} is not a disc's."
            yield Judgment(disc.level, Verdict.IMPLAUSIBLE, reason)
        for bounds, value, typical, what in measures:
            name = f"{what} of the disc {disc.level}"
            yield self._length(disc.level, bounds, value / typical, name, value)
        if disc.volume_mm3 is not None:
            name = f"volume of the disc {disc.level}"
            yield self._volume(disc.level, limits.disc_volume, disc.volume_mm3, usual, name)

    def pitches(self, spine: SpineGeometry) -> Iterator[Judgment]:
        centers = {vertebra.level: vertebra.center for vertebra in spine.vertebrae}
        for disc in spine.discs:
            ends = centers.get(disc.level.above), centers.get(disc.level.below)
            if ends[0] is None or ends[1] is None:
                continue
            apart = float(np.linalg.norm(np.subtract(ends[0], ends[1])))
            name = f"distance of the vertebrae beside the disc {disc.level}"
            share = apart / pitch_mm(disc.level)
            yield self._length(disc.level, self.settings.pitch, share, name, apart)

    def _length(
        self, level: Level | DiscLevel, limits: Limits, share: float, name: str, value: float
    ) -> Judgment:
        verdict = limits.verdict(share, self.scales.smallest, self.scales.largest)
        return Judgment(level, verdict, f"The {name}, {value:.1f} mm, is {_word(verdict)}.")

    def _volume(
        self, level: Level | DiscLevel, limits: Limits, value: float, usual: Size, name: str
    ) -> Judgment:
        """Judge a volume against as much of the usual one as the slices can show."""
        smallest, largest = (
            FILLED_SHARE
            * min(scale * usual.width_mm, self.shown_mm)
            * (scale * usual.depth_mm)
            * (scale * usual.height_mm)
            for scale in (self.scales.smallest, self.scales.largest)
        )
        verdict = max(
            Limits(limits.lowest, limits.low, np.inf, np.inf).verdict(value / smallest),
            Limits(0.0, 0.0, limits.high, limits.highest).verdict(value / largest),
        )
        return Judgment(level, verdict, f"The {name}, {value / 1000:.1f} ml, is {_word(verdict)}.")


def _word(verdict: Verdict) -> str:
    return verdict.name.lower()
