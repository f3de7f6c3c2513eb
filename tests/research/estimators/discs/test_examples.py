import numpy as np

from research.estimators.discs.answers import model
from research.estimators.discs.examples import (
    REGIONS_FILE,
    draw_examples,
    of_each_outcome,
    one_patient,
    read_regions,
)
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort

SHAPE = (3, 6, 8)


def cut(folder, predictions, absent=()):
    """Regions as a training keeps them: the number of each disc is its gray value."""
    discs = sorted(set(zip(predictions.patient.tolist(), predictions.level.tolist(), strict=True)))
    inputs = np.zeros((len(discs), *SHAPE), dtype=np.float16)
    lines = ["patient_id,level,cut"]
    for number, (patient, level) in enumerate(discs):
        inputs[number] = number
        lines.append(f"{patient},{level},{int((patient, level) not in absent)}")
    np.save(folder / REGIONS_FILE, inputs)
    (folder / REGIONS_FILE).with_suffix(".csv").write_text("\n".join(lines) + "\n")
    return {disc: number for number, disc in enumerate(discs)}


def test_every_region_is_found_by_its_disc_also_after_one_that_was_not_cut(tmp_path):
    discs = cohort(Scale.BULGING, patients=2)
    number = cut(tmp_path, discs, absent={("p0", "L2/L3")})

    found = read_regions(tmp_path)

    assert len(found) == 9
    assert ("p0", "L2/L3") not in found
    assert all((region == number[disc]).all() for disc, region in found.items())


def test_a_cohort_without_regions_has_none(tmp_path):
    assert read_regions(tmp_path) == {}


def test_one_patient_shows_all_discs_with_every_scale(tmp_path):
    studies = {scale: cohort(scale, patients=20) for scale in Scale}
    cut(tmp_path, studies[Scale.BULGING])

    found = one_patient({s: (p, model(p)) for s, p in studies.items()}, read_regions(tmp_path))

    assert [one.title for one in found] == ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"]
    assert all(len(one.lines) == 3 for one in found)
    assert found[0].lines[2].startswith("pfirrmann ")


def test_a_disc_of_each_outcome_is_one_of_that_outcome(tmp_path):
    discs = cohort(Scale.SCHNEIDERMAN, patients=40, sight=0.2)
    number = cut(tmp_path, discs)
    answer = model(discs)

    found = of_each_outcome(discs, answer, read_regions(tmp_path), np.random.default_rng(0))

    of_region = {value: disc for disc, value in number.items()}
    expected = {"progression, found": (True, True), "no progression, found": (False, False),
                "called too much": (False, True), "missed": (True, False)}  # fmt: skip
    assert len(found) >= 3
    for one in found:
        patient, level = of_region[int(one.region[0, 0, 0])]
        place = np.flatnonzero((discs.patient == patient) & (discs.level == level))[0]
        kind = one.title.split(":")[0]
        assert (discs.progressed[place], answer.called[place]) == expected[kind]
        assert f"came {discs.followup[place]}" in one.lines[0]


def test_the_picture_tells_in_words_what_it_shows(tmp_path):
    discs = cohort(Scale.BULGING, patients=10)
    cut(tmp_path, discs)
    shown = one_patient({Scale.BULGING: (discs, model(discs))}, read_regions(tmp_path))

    picture = draw_examples("one-patient", shown, "Caption.", columns=3)

    assert len(picture.figure.axes) == 6
    assert "L4/L5: bulging" in picture.alt
