import re
from pathlib import Path

import pytest
import yaml

from research.labeled.errors import Fault, LabeledDataError
from research.labeled.mapping_file import SHIPPED, load_mapping
from spine.anatomy.labels import TissueClass

SITE = {
    "source": "a site",
    "license": "its own",
    "files": {"images": "{case}.nii.gz", "labels": "{case}_seg.nii.gz"},
    "unlabeled": ["rib", "sacrum", "csf", "cord"],
    "sets": {
        "bone": {"values": ["1-3", 9], "classes": ["cervical", "thoracic", "lumbar"]},
        "disc": {"values": [4], "classes": ["disc"]},
    },
}

COUNTED = {"vertebra": "bone", "number": 5, "above": "bone", "disc": "disc", "canal": "disc"}


def load(tmp_path, **changes):
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump({**SITE, **changes}))
    return load_mapping(str(path))


GRADES = {"file": "g.csv", "patient": "p", "disc_from_below": "d", "scales": {"bulging": "b"}}


def test_values_ranges_and_unlabeled_classes_become_the_table(tmp_path):
    mapping = load(tmp_path)

    assert mapping.name == "site"
    assert mapping.index_by_value == {0: 0, 1: 1, 2: 1, 3: 1, 9: 1, 4: 2}
    assert mapping.class_sets.names == ("background", "bone", "disc")
    assert mapping.class_sets.sets[0] == {
        TissueClass.BACKGROUND,
        TissueClass.RIB,
        TissueClass.SACRUM,
        TissueClass.CSF,
        TissueClass.CORD,
    }


@pytest.mark.parametrize("name", ["spider", "spider-merged"])
def test_spider_says_lumbar_or_above_and_no_part_of_the_canal(name):
    table = load_mapping(name).class_sets

    assert dict(zip(table.names, table.sets, strict=True)) == {
        "background": {TissueClass.BACKGROUND, TissueClass.SACRUM, TissueClass.RIB},
        "lumbar": {TissueClass.LUMBAR},
        "thoracic": {TissueClass.CERVICAL, TissueClass.THORACIC},
        "disc": {TissueClass.DISC},
        "canal": {TissueClass.CSF, TissueClass.CORD},
    }


def test_spineps_endplates_belong_to_their_vertebra():
    mapping = load_mapping("spineps")

    for vertebra in [*range(1, 27), 28]:
        assert mapping.index_by_value[200 + vertebra] == mapping.index_by_value[vertebra]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unlabeled": ["sacrum", "csf", "cord"]}, "no set holds: rib"),
        ({"unlabeled": [*SITE["unlabeled"], "disc"]}, "disc is in more than one set"),
        ({"background": [0, 4]}, "label 4 is named twice: background, disc"),
        ({"background": ["4-400"]}, "4-400 is no range within 0 to 255"),
        ({"unlabeled": ["ribs"]}, "unlabeled.0: "),
        ({"labels": {}}, "labels: Extra inputs"),
        ({"files": {"images": "a.nii", "labels": "{case}.nii"}}, "files.images: "),
        ({"files": {**SITE["files"], "patient": ".+"}}, "exactly one group"),
        ({"files": {**SITE["files"], "cases": "("}}, "missing \\)"),
        ({"patients": {"file": "a.csv", "sex": "sex"}}, "column of the `case` or"),
        (
            {"sets": {**SITE["sets"], "disc": {"values": [], "classes": ["disc"]}}},
            "sets.disc: no values",
        ),
        (
            {"counted_from_below": {**COUNTED, "above": "ribs"}},
            "counted_from_below: no set is named ribs",
        ),
        ({"sets": {**SITE["sets"], "background": SITE["sets"]["disc"]}}, "no entry of `sets`"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_with_its_reason(tmp_path, changes, message):
    with pytest.raises(LabeledDataError, match=message) as error:
        load(tmp_path, **changes)
    assert error.value.fault is Fault.MAPPING_INVALID
    assert error.value.reason.startswith("site.yaml: ")


def test_an_unknown_name_is_answered_with_the_shipped_ones():
    with pytest.raises(LabeledDataError, match="spider, spider-merged, spinemap, spineps, total"):
        load_mapping("spyder")


def test_text_that_is_no_yaml_is_refused(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text("sets: [")
    with pytest.raises(LabeledDataError, match=r"site\.yaml: "):
        load_mapping(str(path))


def test_every_shipped_file_names_source_and_license():
    for path in SHIPPED.glob("*.yaml"):
        mapping = load_mapping(path.stem)
        assert mapping.source
        assert mapping.license


def test_the_example_of_the_documentation_is_a_mapping(tmp_path):
    page = Path(__file__).parents[3] / "docs" / "adr" / "0032-labels-as-sets-of-classes.md"
    example = re.search(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
    path = tmp_path / "site.yaml"
    path.write_text(example[1])

    mapping = load_mapping(str(path))

    assert mapping.class_sets.names == ("background", "lumbar", "disc", "canal")
    assert re.fullmatch(mapping.files.patient, "P17-2")[1] == "P17"


@pytest.mark.parametrize(
    ("raised", "message"),
    [({"bulging": {"herniation": 7}}, "7 is not a valid"), ({"pfirrmann": {"h": 2}}, "no column")],
)
def test_a_grade_is_raised_on_a_scale_that_is_read_and_to_one_that_there_is(
    tmp_path, raised, message
):
    with pytest.raises(LabeledDataError) as error:
        load(tmp_path, grades={**GRADES, "raised": raised})

    assert error.value.fault is Fault.MAPPING_INVALID
    assert message in error.value.reason
