"""Every sentence about a spine age: its gap is never said without the model's own error."""

from spine.findings import AgeEstimate, AgeInterval, Position

NO_BAND = "No reference band: the model's card states no error."

_DIFFERENCES = {
    Position.ABOVE: "above expected, by more than the model's error",
    Position.WITHIN: "as expected within the model's error",
    Position.BELOW: "below expected, by more than the model's error",
    None: "no interval is known: the gap may be the model's error",
}


def age_sentence(age: AgeEstimate) -> str:
    """Say spine age, gap and chronological age, and what the model's error makes of the gap."""
    words = (
        f"spine age {age.predicted_age_years:.1f} y, gap {age.age_gap_years:+.1f} y "
        f"(actual age {age.chronological_age_years:.1f} y; evidence: {age.evidence}); "
        f"{age_difference(age)}."
    )
    return words if age.interval is None else f"{words} {interval_sentence(age.interval)}"


def age_difference(age: AgeEstimate) -> str:
    """Say which way the gap goes, if it goes further than the model errs."""
    return _DIFFERENCES[age.position]


def interval_sentence(interval: AgeInterval) -> str:
    """Say how far the model errs at this age, and that this is no range of health."""
    return (
        f"{interval.coverage_percent}% of {_measured(interval)} have a gap within "
        f"±{interval.half_width_years:.1f} years (n = {interval.cases}): "
        "the model's error, not a clinical range."
    )


def percentile_sentence(interval: AgeInterval) -> str:
    """Say where the gap lies among the cases that the error was measured on."""
    share = {0: "Fewer than 1%", 99: "99% or more"}.get(
        interval.gap_percentile, f"{interval.gap_percentile}%"
    )
    return f"{share} of these {interval.cases} have this gap or a lower one."


def expected_ages(interval: AgeInterval) -> str:
    """Print the ages that the model's error explains."""
    return f"{interval.lower_years:.1f} to {interval.upper_years:.1f} years"


def band_sentence(error_years: float) -> str:
    """Name the source of a band that is no interval."""
    return (
        f"Band: actual age ± {error_years:.1f} years, the mean error on the model's card; "
        "many normal cases lie outside it."
    )


def _measured(interval: AgeInterval) -> str:
    years = f"{interval.first_years}–{interval.last_years} years"
    if interval.data == "synthetic":
        return f"synthetic spines of {years}"
    return f"people of {years} without known disease"
