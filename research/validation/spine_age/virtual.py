"""Cohorts of a virtual world, each drawn, flagged, divided and measured like any other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.features import aggregate
from research.estimators.schema import Reports, read_reports
from research.estimators.splits import Part
from research.validation.spine_age.cohort import Flagger, divide, planted_flags
from research.validation.spine_age.estimands import Estimands, project, project_interaction
from research.validation.spine_age.population import COHORTS, abnormal_chances, draw_population
from research.validation.spine_age.stages import Stages, code
from research.validation.spine_age.statistics import fit_statistics
from research.validation.spine_age.study import balanced_accuracies, held_table, null_table
from research.worlds.reports.cohort import TRUTH_FILE, draw_reports, write_cohort
from research.worlds.reports.people import SERIES
from research.worlds.reports.settings import World

# What the results hang on, and no more: a page's new words must not draw cohorts anew.
_RECORDS = ("features.py", "pairs.csv", "pairs.py", "terms.py", "vocabulary.py")
_FITS = ("associations.py", "clustered.py", "gaps.py", "splits.py")
_CLUSTERS = ("canberra.py", "clustering.py", "normal_cohort.py")
_STEPS = ("cohort.py", "estimands.py", "population.py", "statistics.py", "study.py", "virtual.py")

# Apart from the cohorts that are shown, and from the population's.
_FIRST_NULL_SEED = 500_000


@dataclass(frozen=True, slots=True)
class Virtual:
    """A virtual world at a size, and where its results are kept.

    Attributes
    ----------
    flagger : tells normal from abnormal series by their reports; None takes the planted class
    series : of each cohort; P1's by default
    cohorts : of the population
    """

    world: World
    stages: Stages
    flagger: Flagger | None = None
    series: int = SERIES
    cohorts: int = COHORTS
    workers: int = 2

    def written(self, folder: Path, seed: int) -> tuple[Reports, pd.Series]:
        """Write a cohort to files, read it back as a site's would be; planted class beside it."""
        place = folder / f"{self.world.value}-{seed}-{self.series}"
        path = place / "reports.parquet"
        if not (place / TRUTH_FILE).exists() or not path.exists():
            write_cohort(place, self.world, seed, self.series, "parquet", self.stages.echo)
        reports = read_reports(path)
        truth = pd.read_csv(place / TRUTH_FILE).set_index("series")["planted_class"]
        planted = (truth.loc[reports.table["series"]] == "normal").to_numpy()
        return reports, pd.Series(planted, index=reports.table.index)

    def flags(self, table: pd.DataFrame, planted: pd.Series, seed: int) -> pd.DataFrame:
        """Flag the series of a cohort."""
        if self.flagger is None:
            return planted_flags(table, planted)
        return self.flagger(table, seed)

    def population(self) -> pd.DataFrame:
        """Return a million records of the world."""
        size = [self.world.value, self.cohorts, self.series]
        return self.stages.table(
            "population",
            [*size, code("worlds/reports", *_files(_RECORDS, ("population.py",)))],
            lambda: draw_population(self.world, self.cohorts, self.series, self.workers),
        )

    def estimands(
        self, population: pd.DataFrame, table: pd.DataFrame
    ) -> tuple[Estimands, dict[str, float]]:
        """Return what the numbers of a flagged and divided cohort would be in the population."""
        chances = abnormal_chances(population, aggregate(table), table["bracket"], table["normal"])
        share = _test_share(table)
        return project(population, chances, share), project_interaction(population, chances, share)

    def measured(self, seed: int, population: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return whether each interval of a cohort holds, and how well its class was told.

        Parameters
        ----------
        population : called only if the cohort has not been measured before
        """
        return self.stages.table(
            f"measured-{seed}",
            [
                self.world.value,
                seed,
                self.series,
                self.cohorts,
                self.flagger is None,
                _code(),
            ],
            lambda: self._measure(seed, population()),
        )

    def null(self, number: int) -> pd.DataFrame:
        """Return p values of a cohort of the null world, divided by its planted class."""
        seed = _FIRST_NULL_SEED + number
        return self.stages.table(
            f"null-{number}", [seed, self.series, _code()], lambda: self._null(seed)
        )

    def _measure(self, seed: int, population: pd.DataFrame) -> pd.DataFrame:
        drawn = draw_reports(self.world, seed, self.series)
        planted = drawn.truth["planted_class"] == "normal"
        table = divide(drawn.reports, self.flags(drawn.reports, planted, seed), seed)
        estimands, _ = self.estimands(population, table)
        found = fit_statistics(table, *masks(table))
        return pd.concat([held_table(found, estimands), balanced_accuracies(table, planted)])

    def _null(self, seed: int) -> pd.DataFrame:
        drawn = draw_reports(World.NULL, seed, self.series)
        planted = drawn.truth["planted_class"] == "normal"
        table = divide(drawn.reports, planted_flags(drawn.reports, planted), seed)
        return null_table(table, *masks(table))


def _code() -> str:
    """Return a hash of all that a cohort of the study hangs on."""
    return code("worlds/reports", *_files((*_RECORDS, *_FITS, *_CLUSTERS), _STEPS))


def _files(estimators: Sequence[str], steps: Sequence[str]) -> list[str]:
    mine = [f"validation/spine_age/{name}" for name in steps]
    return [*(f"estimators/{name}" for name in estimators), *mine]


def masks(table: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which series are of the validation part and which of the full-test set."""
    return (table["part"] == Part.VALIDATION).to_numpy(), table["full_test"].to_numpy()


def _test_share(table: pd.DataFrame) -> float:
    """Return the share of normal people's series that are in the test part."""
    sizes = table["part"].value_counts().drop(Part.ABNORMAL, errors="ignore")
    return float(sizes.get(Part.TEST, 0) / max(sizes.sum(), 1))
