"""OHIF in a real browser opens what we send: images, segmentation, page and report."""

import numpy as np
import pytest
from PIL import Image

from spine.reporting import wording

# One PACS and one viewer for all of them, also where tests run in parallel.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("viewer")]

DEMONSTRATION = "DEMO – NOT FOR PATIENTS: "
RESEARCH = "RESEARCH: "


def assert_no_error(seen: dict) -> None:
    assert not any("rror" in line and "Boundary" in line for line in seen["errors"]), seen["errors"]
    assert not [line for line in seen["errors"] if line.startswith("page error")]
    for series in seen["series"]:
        assert series["found"], series["name"]
        assert series["missing"] == [], series["name"]
        assert "Something went wrong" not in series["text"]


def viewport(screenshot) -> np.ndarray:
    """The part of the page that shows the image, without tool bars and panels."""
    return np.asarray(Image.open(screenshot).convert("RGB"))[160:940, 300:1540].astype(int)


def colored_pixels(picture: np.ndarray) -> int:
    return int((picture.max(axis=2) - picture.min(axis=2) > 60).sum())


def test_images_segmentation_page_and_report_open(open_study, demonstration_study):
    study = demonstration_study
    series = {
        "T2 TSE lumbar sag": [],
        "Vert DEMONSTRATION": ["Do you want to open this Segmentation?"],
        "Page DEMONSTRATION": [],
        "Text DEMONSTRATION": [
            DEMONSTRATION + wording.age_sentence(study.findings.age),
            *(DEMONSTRATION + wording.disc_sentence(disc) for disc in study.findings.discs),
            "Spine age gap, predicted minus chronological: 5.40 a",
            "P(worse in 5 y), Pfirrmann: 66.00 %",
            "Mean height of intervertebral disc: ",
        ],
    }
    seen, shots = open_study(study, series)
    assert_no_error(seen)
    image, segmentation, page, _ = (viewport(shot) for shot in shots)
    assert image.std() > 10, "the image is blank"
    assert colored_pixels(image) < 500
    assert colored_pixels(segmentation) > 3000, "no segment is drawn"
    assert colored_pixels(page) > 5000, "the page is not drawn in color"


def test_each_segmentation_has_its_own_entry(open_study, demonstration_study):
    seen, _ = open_study(demonstration_study, {"Disc DEMONSTRATION": []})
    assert_no_error(seen)
    listed = " ".join(seen["thumbnails"])
    for name in ("Vert", "Disc", "Cord", "Page", "Text"):
        assert f"{name} {wording.DEMONSTRATION_NOTICE}. Research use only" in listed


def test_a_report_in_which_everything_is_refused_opens(open_study, refused_study):
    study = refused_study
    shows = [RESEARCH + wording.refusal_sentence(study.findings.age)]
    shows += [RESEARCH + wording.disc_sentence(disc) for disc in study.findings.discs]
    shows += ["Number of vertebrae found: ", "Mean height of intervertebral disc: "]
    seen, shots = open_study(study, {"SpineMAP measurement report": shows})
    assert_no_error(seen)
    assert colored_pixels(viewport(shots[0])) > 1000, "no arrow is drawn"


def test_a_report_about_undecodable_pixels_opens(open_study, undecodable_study):
    shows = [
        f"{RESEARCH}analysis not given: UNDECODABLE. ",
        f"{RESEARCH}spine age not given: UNDECODABLE. ",
        "Number of Frames: ",
    ]
    seen, _ = open_study(undecodable_study, {"SpineMAP measurement report": shows})
    assert_no_error(seen)
