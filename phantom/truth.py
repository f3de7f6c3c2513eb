"""What is known about a rendered subject."""

from dataclasses import asdict, dataclass
from typing import Any

from phantom.curve import Skeleton
from phantom.subjects import Subject
from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS

Position = tuple[float, float, float]
# What a disc's record takes over from its state unchanged.
_FROM_STATE = (
    "latent", "severity", "bulge_mm", "extrusion_mm", "fissure", "modic_type", "schmorl_mm",
    "osteophyte_mm", "stenosis", "slip_mm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class VertebraTruth:
    """One vertebra: center of the body in mm, RAS+; heights in mm; wedge fracture 0 to 1."""

    level: str
    label: int
    center_mm: Position
    height_mm: float
    depth_mm: float
    wedge_fracture: float
    in_view: bool


@dataclass(frozen=True, slots=True)
class DiscTruth:
    """One disc: center in mm, RAS+; normal; grades by `spine.anatomy.grades`; signs in mm."""

    level: str
    label: int
    center_mm: Position
    superior: Position
    height_mm: float
    latent: float
    severity: float
    pfirrmann: int
    schneiderman: int
    bulging: int
    bulge_mm: float
    extrusion_mm: float
    fissure: bool
    modic_type: int
    schmorl_mm: float
    osteophyte_mm: float
    stenosis: float
    slip_mm: float
    in_view: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """A rendered subject; `in_view` says whether a center lies inside the volume."""

    seed: int
    sex: str
    age_years: float
    biological_age_years: float
    age_gap_years: float
    followup_years: float
    variant: str
    thoracic_count: int
    lumbar_count: int
    scoliosis_cobb_degrees: float
    protocol: str
    vertebrae: tuple[VertebraTruth, ...]
    discs: tuple[DiscTruth, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, numbers and strings."""
        return asdict(self)


def truth_of(subject: Subject, skeleton: Skeleton, protocol: str, sees: "Sight") -> Truth:
    """Collect the truth record; `sees` decides what lies in the field of view."""
    return Truth(
        seed=subject.seed,
        sex=subject.sex,
        age_years=subject.age_years,
        biological_age_years=subject.biological_age_years,
        age_gap_years=subject.biological_age_years - subject.age_years,
        followup_years=subject.followup_years,
        variant=subject.variant.name,
        thoracic_count=subject.variant.thoracic,
        lumbar_count=subject.variant.lumbar,
        scoliosis_cobb_degrees=subject.scoliosis_cobb,
        protocol=protocol,
        vertebrae=_vertebrae(skeleton, sees),
        discs=_discs(skeleton, sees),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """The field of view."""

    grid: Any

    def __call__(self, center: Position) -> bool:
        index = self.grid.index_from_world(center)
        return bool(all(-0.5 <= i <= n - 0.5 for i, n in zip(index, self.grid.shape, strict=True)))


def _vertebrae(skeleton: Skeleton, sees: Sight) -> tuple[VertebraTruth, ...]:
    records = []
    for body in skeleton.bodies:
        state, center = body.state, _position(body.frame.origin)
        records.append(
            VertebraTruth(
                level=str(state.level),
                label=VERTEBRA_LABELS[state.level],
                center_mm=center,
                height_mm=body.height,
                depth_mm=(state.size.depth_low + state.size.depth_up) / 2,
                wedge_fracture=state.wedge_fracture,
                in_view=sees(center),
            )
        )
    return tuple(records)


def _discs(skeleton: Skeleton, sees: Sight) -> tuple[DiscTruth, ...]:
    records = []
    for disc in skeleton.discs:
        center = _position(disc.frame.origin)
        known = {name: getattr(disc.state, name) for name in _FROM_STATE}
        records.append(
            DiscTruth(
                level=str(disc.state.level),
                label=DISC_LABELS[disc.state.level],
                center_mm=center,
                superior=_position(disc.frame.axes[2]),
                height_mm=disc.height,
                pfirrmann=int(disc.state.pfirrmann),
                schneiderman=int(disc.state.schneiderman),
                bulging=int(disc.state.bulging),
                in_view=sees(center),
                **known,
            )
        )
    return tuple(records)


def _position(vector: Any) -> Position:
    x, y, z = (float(v) for v in vector)
    return x, y, z
