"""Phantoms beside real patients, as pictures and as numbers.

``python -m phantom.gallery --real FOLDER -o build/gallery`` renders one phantom for every real
patient (same age and sex, same grid), compares their statistics, and draws slices side by side.
The real patients are those of van der Graaf et al., Sci Data 2024, 11:264 (SPIDER, CC BY 4.0).
"""

import argparse
import csv
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from tqdm import tqdm

from phantom import laws
from phantom.protocols import LUMBAR_T2_SPACE, WHOLE_SPINE_T2, Protocol
from phantom.realism import MEASURES, NOT_IN_SATURATED, statistics
from phantom.rendering import render
from phantom.subjects import Subject, subject
from phantom.tissues import merged, tissues
from phantom.variants import NORMAL
from spine.imaging import nifti
from spine.imaging.volume import Volume

AGES_YEARS = (25, 35, 45, 55, 65, 75, 85)
_SOURCE = "real: van der Graaf et al., Sci Data 2024, 11:264, CC BY 4.0"
_SATURATED_SHARE = 0.015
_SPACE = replace(LUMBAR_T2_SPACE, slices=19)


@dataclass(frozen=True, slots=True)
class RealPatient:
    """One real patient's files."""

    name: str
    age_years: float
    sex: str
    image: Path
    labels: Path


@dataclass(frozen=True, slots=True)
class Comparison:
    """One statistic of both groups.

    Attributes
    ----------
    inside : share of phantoms between the real patients' minimum and maximum
    mean_fits : whether the phantoms' mean lies within one SD of the real mean
    """

    name: str
    real_mean: float
    real_sd: float
    real_min: float
    real_max: float
    phantom_mean: float
    phantom_min: float
    phantom_max: float
    inside: float
    mean_fits: bool


def real_patients(folder: Path) -> list[RealPatient]:
    """List the real patients by age; ValueError where the folder has none."""
    with (folder / "subjects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError("subjects.csv lists nobody")
    patients = [
        RealPatient(
            row["subject"],
            float(row["age_years"]),
            row["sex"],
            folder / f"{row['subject']}_image.nii.gz",
            folder / f"{row['subject']}_labels.nii.gz",
        )
        for row in rows
    ]
    return sorted(patients, key=lambda patient: patient.age_years)


def measure_real(patient: RealPatient) -> dict[str, float]:
    """Return a real patient's statistics; NaN for those that saturation spoils."""
    volume = nifti.read_volume(patient.image)
    found = statistics(tissues(volume, nifti.read_labels(patient.labels)))
    if (volume.data >= 255).mean() > _SATURATED_SHARE:
        found.update(dict.fromkeys(NOT_IN_SATURATED, float("nan")))
    return found


def measure_phantom(someone: Subject, seed: int) -> dict[str, float]:
    """Return a phantom's statistics in the real patients' protocol."""
    seen = render(someone, _SPACE, np.random.default_rng(seed), sub_slices=1)
    return statistics(tissues(seen.volume, merged(seen.labels)))


def compare(
    real: list[dict[str, float]], phantoms: list[dict[str, float]]
) -> tuple[Comparison, ...]:
    """Compare the groups statistic by statistic."""
    return tuple(
        _compare(name, np.array([r[name] for r in real]), np.array([p[name] for p in phantoms]))
        for name in MEASURES
    )


def _compare(name: str, real: NDArray[np.float64], synthetic: NDArray[np.float64]) -> Comparison:
    mean, spread = float(np.nanmean(real)), float(np.nanstd(real))
    low, high = float(np.nanmin(real)), float(np.nanmax(real))
    return Comparison(
        name=name,
        real_mean=mean,
        real_sd=spread,
        real_min=low,
        real_max=high,
        phantom_mean=float(np.nanmean(synthetic)),
        phantom_min=float(np.nanmin(synthetic)),
        phantom_max=float(np.nanmax(synthetic)),
        inside=float(np.mean((synthetic >= low) & (synthetic <= high))),
        mean_fits=bool(abs(np.nanmean(synthetic) - mean) <= spread),
    )


def report(comparisons: tuple[Comparison, ...]) -> str:
    """Return a table, one line a statistic."""
    head = f"{'statistic':38s} {'real mean':>9s} {'min':>8s} {'max':>8s} {'phantom':>9s}"
    lines = [f"{head} {'inside':>7s}  mean within 1 SD"]
    for c in comparisons:
        numbers = f"{c.real_mean:9.3f} {c.real_min:8.3f} {c.real_max:8.3f} {c.phantom_mean:9.3f}"
        verdict = "yes" if c.mean_fits else "no"
        lines.append(f"{c.name:38s} {numbers} {c.inside:7.0%}  {verdict}")
    return "\n".join(lines)


def draw_side_by_side(patients: list[RealPatient], path: Path) -> None:
    """Draw phantoms of 25 to 85 years over the real patients nearest in age."""
    ages = tqdm(AGES_YEARS, desc="side by side")
    above = [_middle(_lumbar(age), f"phantom, {age}") for age in ages]
    nearest = [min(patients, key=lambda p: abs(p.age_years - age)) for age in AGES_YEARS]
    below = [_middle(nifti.read_volume(p.image), f"real, {p.age_years:.0f}") for p in nearest]
    _sheet([above, below], _SOURCE).save(path)


def draw_whole_spines(path: Path) -> None:
    """Draw whole-spine phantoms of 25 to 85 years, median and parasagittal slices."""
    protocol = replace(WHOLE_SPINE_T2, slices=7)
    volumes = [_volume(age, protocol) for age in tqdm(AGES_YEARS, desc="whole spines")]
    rows = [
        [_slice(volume, 3 + shift, f"phantom, {age}") for age, volume in
         zip(AGES_YEARS, volumes, strict=True)]
        for shift in (0, 3)
    ]  # fmt: skip
    _sheet(rows, "").save(path)


def _lumbar(age: int) -> Volume:
    return _volume(age, replace(_SPACE, slices=3))


def _volume(age: int, protocol: Protocol) -> Volume:
    return render(typical(age), protocol, np.random.default_rng(age), sub_slices=1).volume


def typical(age_years: int) -> Subject:
    """Return the one of eleven subjects whose lumbar discs are worn most as the law has it."""
    seeds = range(100 * age_years, 100 * age_years + 11)
    people = (subject(seed, age_years=age_years, variant=NORMAL, gap_years=0.0) for seed in seeds)
    return min(people, key=_departure)


def _departure(someone: Subject) -> float:
    """Return how far the mean wear of lumbar discs lies from what age and levels explain."""
    explained = laws.LATENT_PER_DECADE * (someone.age_years - 50) / 10
    own = [
        disc.latent - laws.level_effect(disc.level, NORMAL) - explained
        for disc in someone.discs
        if disc.level.is_lumbar
    ]
    return abs(float(np.mean(own)))


def _middle(volume: Volume, title: str) -> Image.Image:
    return _slice(volume, volume.data.shape[0] // 2, title)


def _slice(volume: Volume, number: int, title: str) -> Image.Image:
    """Picture of one sagittal slice: rows from head to foot, columns from back to front."""
    plane = volume.data[number].T[::-1]
    top = max(float(np.percentile(plane, 99.3)), 1e-6)
    picture = Image.fromarray(np.clip(plane / top * 255, 0, 255).astype(np.uint8))
    picture.thumbnail((400, 480))
    ImageDraw.Draw(picture).text((4, 4), title, fill=255)
    return picture


def _sheet(rows: list[list[Image.Image]], note: str) -> Image.Image:
    width = max(picture.width for row in rows for picture in row)
    height = max(picture.height for row in rows for picture in row)
    sheet = Image.new("L", (width * len(rows[0]), height * len(rows) + 16))
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet.paste(picture, (x * width, y * height))
    ImageDraw.Draw(sheet).text((4, height * len(rows) + 2), note, fill=200)
    return sheet


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m phantom.gallery", description=__doc__)
    parser.add_argument("--real", type=Path, help="folder of the real patients")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/gallery"))
    chosen = parser.parse_args(arguments)
    chosen.output.mkdir(parents=True, exist_ok=True)
    draw_whole_spines(chosen.output / "whole_spines.png")
    if chosen.real is None:
        sys.stdout.write("no --real folder: pictures of phantoms only\n")
        return 0
    patients = real_patients(chosen.real)
    draw_side_by_side(patients, chosen.output / "side_by_side.png")
    comparisons = compare(
        [measure_real(patient) for patient in tqdm(patients, desc="real patients")],
        [
            measure_phantom(subject(900 + n, age_years=max(p.age_years, 18.0), sex=p.sex), n)
            for n, p in enumerate(tqdm(patients, desc="phantoms of their age and sex"))
        ],
    )
    table = {"source": _SOURCE, "statistics": [asdict(c) for c in comparisons]}
    (chosen.output / "statistics.json").write_text(json.dumps(table, indent=1))
    sys.stdout.write(report(comparisons) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
