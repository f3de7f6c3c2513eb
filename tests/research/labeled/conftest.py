from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phantom.protocols import LUMBAR_T2, WHOLE_SPINE_T2, coarser
from phantom.rendering import Rendering, render
from phantom.subjects import subject
from phantom.variants import NORMAL
from research.labeled.mapping import FilePatterns
from research.labeled.mapping_file import load_mapping
from spine.imaging.volume import LabelMap, Volume
from tests.research.labeled import written


@pytest.fixture(scope="session")
def whole() -> Rendering:
    """A whole spine with every tissue class, on an oblique and anisotropic grid."""
    protocol = replace(coarser(WHOLE_SPINE_T2, 3.0), slices=11, oblique_degrees=(5.0, -3.0))
    return _rendered(protocol)


@pytest.fixture(scope="session")
def lumbar() -> Rendering:
    """A lumbar view, as SPIDER's."""
    return _rendered(replace(coarser(LUMBAR_T2, 3.0), oblique_degrees=(4.0, -6.0)))


def _rendered(protocol) -> Rendering:
    person = subject(11, age_years=50, sex="F", variant=NORMAL)
    return render(person, protocol, np.random.default_rng(11), sub_slices=1)


@pytest.fixture
def spider(tmp_path: Path, lumbar: Rendering) -> Path:
    """SPIDER as published: T1 and T2 of patient 7, T2 SPACE of patient 12, both tables."""
    labels = LabelMap(written.spider_labels(lumbar.labels.data), lumbar.labels.affine)
    image = Volume(np.rint(lumbar.volume.data), lumbar.volume.affine)
    for case, orientation in (("7_t1", "LPS"), ("7_t2", "LPS"), ("12_t2_SPACE", "PIR")):
        written.write_mha(image, tmp_path / "images" / f"{case}.mha", orientation)
        written.write_mha(labels, tmp_path / "masks" / f"{case}.mha", orientation)
    (tmp_path / "overview.csv").write_text(
        "new_file_name,subset,num_vertebrae,sex\n"
        "7_t1,training,8,F \n7_t2,training,8,F \n12_t2_SPACE,training,8,M\n"
    )
    (tmp_path / "radiological_gradings.csv").write_text(
        "Patient,IVD label,Modic,Disc herniation,Disc bulging,Pfirrman grade\n"
        "7,1,0,0,1,4\n7,2,0,0,0,2.0\n7,3,0,1,1,3\n7,4,0,1,0,3\n12,1,0,1,,5\n"
    )
    return tmp_path


@pytest.fixture
def merged(tmp_path: Path, lumbar: Rendering) -> Path:
    """The merged form of SPIDER, two patients."""
    labels = LabelMap(written.merged_labels(lumbar.labels.data), lumbar.labels.affine)
    for case in ("3", "41"):
        written.write_nifti(lumbar.volume, tmp_path / f"{case}_image.nii.gz", "RAS")
        written.write_nifti(labels, tmp_path / f"{case}_labels.nii.gz", "RAS")
    (tmp_path / "subjects.csv").write_text("subject,age_years,sex\n3,35,M\n41,59.5,F\n")
    (tmp_path / "gradings.csv").write_text(
        "Patient,IVD label,Disc herniation,Disc bulging,Pfirrman grade\n3,1,0,1,2\n"
    )
    return tmp_path


@pytest.fixture
def site_mapping():
    """Make the merged form's mapping with other file patterns."""
    base = load_mapping("spider-merged")
    return lambda **patterns: replace(base, files=FilePatterns(**patterns), patients=None)
