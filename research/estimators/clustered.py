"""Least squares whose intervals hold for people seen twice, unequal scatter and rare exposures."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Vector = NDArray[np.floating]
Matrix = NDArray[np.floating]

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval and the two-sided p value of zero."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients of a linear model; every field has one entry a column of the design.

    Attributes
    ----------
    effects : least squares
    errors : standard errors, robust and clustered
    degrees : of freedom of each effect's t distribution
    """

    effects: Vector
    errors: Vector
    degrees: Vector

    def interval(self, level: float = LEVEL) -> tuple[Vector, Vector]:
        """Return the lower and upper end of each effect's confidence interval."""
        half = student.ppf((1 + level) / 2, self.degrees) * self.errors
        return self.effects - half, self.effects + half

    def p_values(self) -> Vector:
        """Return the two-sided p value of each effect."""
        p: Vector = 2 * student.sf(np.abs(self.effects) / self.errors, self.degrees)
        return p

    def estimates(self) -> list[Estimate]:
        """Return each effect with its interval and p value."""
        values = zip(self.effects, *self.interval(), self.p_values(), strict=True)
        return [Estimate(*map(float, row)) for row in values]


def fit_clustered(design: Matrix, outcome: Vector, person: NDArray[np.generic]) -> Fit:
    """Fit by least squares, with the covariance of a jackknife that leaves one person out.

    CR3, the clustered form of HC3, equal to it where everybody has one row. Its t
    distribution has Satterthwaite's degrees of freedom under equal scatter: with an
    exposure of nine people the normal's intervals would hold too rarely.

    Parameters
    ----------
    design : shape (rows, columns), of full rank, also without any one person
    person : who each row belongs to, shape (rows,)

    Raises
    ------
    numpy.linalg.LinAlgError
        If the design is not of full rank, or hangs on one person.

    Source
    ------
    Bell and McCaffrey 2002, Survey Methodology 28(2), 169-181; Pustejovsky and Tipton 2018,
    doi 10.1080/07350015.2016.1247004 (CR3 without a factor). statsmodels has the covariance
    (`cov_cluster`, "cluster-crv3") with a loop over people, and not the degrees of freedom.
    """
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise np.linalg.LinAlgError("the design is not of full rank")
    bread: Matrix = np.linalg.inv(design.T @ design)
    effects = bread @ (design.T @ outcome)
    residuals = outcome - design @ effects
    columns = design.shape[1]
    meat = np.zeros((columns, columns))
    moments = _Moments(columns)
    for rows in _rows_by_size(person):
        x = design[rows]
        inside = np.eye(rows.shape[1]) - x @ bread @ x.transpose(0, 2, 1)
        if np.linalg.eigvalsh(inside)[:, 0].min() < 1e-9:
            raise np.linalg.LinAlgError("a coefficient hangs on one person")
        scores = np.einsum("gsp,gs->gp", x, np.linalg.solve(inside, residuals[rows, None])[..., 0])
        meat += scores.T @ scores
        moments.add(np.linalg.solve(inside, x @ bread), x, bread)
    errors = np.sqrt(np.diag(bread @ meat @ bread))
    return Fit(effects, errors, moments.degrees(bread))


class _Moments:
    """Trace and squared trace of each variance estimate as a quadratic form of the outcome.

    The form of coefficient c is B = S'(I - H)S with a column a person in S: its weights.
    With d the squared length of a column, u = X'S and M = (X'X)^-1:
    tr B = sum(d - uMu'), tr BB = sum(dd - 2 d uMu') + tr(MU'U MU'U).
    """

    def __init__(self, columns: int) -> None:
        self._trace = np.zeros(columns)
        self._squares = np.zeros(columns)
        self._cross = np.zeros((columns, columns, columns))

    def add(self, weights: Matrix, x: Matrix, bread: Matrix) -> None:
        """Add people; both of shape (people, rows of each, columns)."""
        lengths = np.einsum("gsc,gsc->gc", weights, weights)
        along = np.einsum("gsc,gsp->gcp", weights, x)
        leverage = np.einsum("gcp,gcp->gc", along @ bread, along)
        self._trace += (lengths - leverage).sum(axis=0)
        self._squares += (lengths * (lengths - 2 * leverage)).sum(axis=0)
        by_column = along.transpose(1, 2, 0)
        self._cross += by_column @ by_column.transpose(0, 2, 1)

    def degrees(self, bread: Matrix) -> Vector:
        """Return Satterthwaite's degrees of freedom, shape (columns,)."""
        spread = bread @ self._cross
        squares: Vector = self._squares + np.einsum("cij,cji->c", spread, spread)
        degrees: Vector = self._trace**2 / squares
        return degrees


def _rows_by_size(person: NDArray[np.generic]) -> Iterator[NDArray[np.intp]]:
    """Yield row numbers of all people with equally many rows, shape (people, rows of each)."""
    _, number, sizes = np.unique(person, return_inverse=True, return_counts=True)
    order = np.argsort(number, kind="stable")
    size_of_row = sizes[number[order]]
    for size in np.unique(sizes):
        yield order[size_of_row == size].reshape(-1, size)
