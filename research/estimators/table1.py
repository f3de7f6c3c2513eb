"""Normal and abnormal series by age bracket and sex, beside P1's Table 1."""

import pandas as pd

# Bracket: normal men, normal women, abnormal men, abnormal women (P1, Table 1).
PUBLISHED = {
    30: (561, 521, 404, 411),
    40: (1306, 1238, 1249, 1252),
    50: (1617, 1379, 857, 949),
    60: (1264, 1299, 645, 683),
    70: (598, 622, 377, 378),
    80: (122, 84, 132, 122),
}
_GROUPS = (("normal", "M"), ("normal", "F"), ("abnormal", "M"), ("abnormal", "F"))


def tabulate_classes(flags: pd.DataFrame) -> pd.DataFrame:
    """Count series by bracket.

    Parameters
    ----------
    flags : bracket, sex, normal

    Returns
    -------
    a row a bracket, 0 for all: normal_M, normal_F, abnormal_M, abnormal_F, abnormal_share, and
    each as published; the published text says 32 to 54 % abnormal, its table 34.1 to 55.2
    """
    rows = []
    for bracket in (*sorted(flags["bracket"].unique()), 0):
        inside = flags if bracket == 0 else flags[flags["bracket"] == bracket]
        counts = [
            int(((inside["normal"] == (kind == "normal")) & (inside["sex"] == sex)).sum())
            for kind, sex in _GROUPS
        ]
        published = PUBLISHED[bracket] if bracket else _summed()
        rows.append({"bracket": int(bracket), **_named(counts, ""), **_named(published, "_in_p1")})
    return pd.DataFrame(rows)


def _summed() -> tuple[int, ...]:
    return tuple(sum(column) for column in zip(*PUBLISHED.values(), strict=True))


def _named(counts: list[int] | tuple[int, ...], ending: str) -> dict[str, float]:
    named: dict[str, float] = {
        f"{kind}_{sex}{ending}": count for (kind, sex), count in zip(_GROUPS, counts, strict=True)
    }
    named[f"abnormal_share{ending}"] = (counts[2] + counts[3]) / max(sum(counts), 1)
    return named
