"""What Figure 6 must show in the papers' world, as section 4.5 tells it."""

from collections.abc import Mapping, Sequence

from research.estimators.odds import ConditionOdds, OddsRatio
from research.measurements import Data, Measurement
from research.validation.spine_age.printed import (
    ODDS_MODERATE_BULGE,
    ODDS_SEVERE_BULGE,
    ODDS_STRUCTURAL,
)

_MODERATE, _SEVERE = "lumbar_disc_bulge_moderate", "lumbar_disc_bulge_severe"
_STRUCTURAL = ("fracture", "spinal_stenosis", "spondylolisthesis", "congenital_canal_narrowing")


def odds_rows(lines: Sequence[ConditionOdds]) -> list[Measurement]:
    """Count what of section 4.5 the odds ratios of a cohort fail to show."""
    crude = {line.term.name: line.crude for line in lines}
    printed = {_MODERATE: ODDS_MODERATE_BULGE, _SEVERE: ODDS_SEVERE_BULGE}
    outside = sum(not _holds(crude, name, odds) for name, odds in printed.items())
    apart = sum(not _meets(crude, name) for name in _STRUCTURAL)
    rank = _value(crude, _SEVERE) > _value(crude, _MODERATE)
    low, high = ODDS_STRUCTURAL
    return [
        _failures("severe lumbar bulge not above moderate", not rank, 1),
        _failures("printed 4 (moderate) or 8 (severe bulge) outside the interval", outside, 2),
        _failures(
            f"structural condition whose interval misses {low:g} to {high:g}",
            apart,
            len(_STRUCTURAL),
        ),
    ]


def _failures(name: str, count: int, n: int) -> Measurement:
    return Measurement(
        f"odds ratios: {name}", float(count), "failures", Data.SYNTHETIC, n, 0.0, "lower"
    )


def _value(crude: Mapping[str, OddsRatio], name: str) -> float:
    return crude[name].value if name in crude else float("nan")


def _holds(crude: Mapping[str, OddsRatio], name: str, odds: float) -> bool:
    return name in crude and crude[name].low <= odds <= crude[name].high


def _meets(crude: Mapping[str, OddsRatio], name: str) -> bool:
    low, high = ODDS_STRUCTURAL
    return name in crude and crude[name].low <= high and crude[name].high >= low
