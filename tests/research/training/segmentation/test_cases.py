import json
from dataclasses import replace

import blosc2
import numpy as np
import pytest
from batchgenerators.utilities.file_and_folder_operations import load_pickle

from research.training.segmentation.cases import dataset, image_from_volume, prepare, splits
from research.training.segmentation.class_sets import joined, target_from_sets, targets_of
from research.training.segmentation.folders import SPLITS, cases_folder, preprocessed_folder
from research.training.segmentation.plans import COARSE_SPEC, FINE_SPEC, Net, network_plans
from research.training.segmentation.sources import EACH_CLASS, TrainingCase, read_sources
from spine.anatomy.labels import FineClass, TissueClass
from spine.findings import Evidence, ModelReference
from spine.inference.models import Model
from spine.networks.plain_conv_unet import network_from_plans
from spine.preprocessing.segmentation import SegmentationSpec
from spine.segmentation.segmenter import SegmentationSettings, predict

pytestmark = pytest.mark.slow

REFERENCE = ModelReference("spine-segmentation", "0.1.0", "0" * 64, Evidence.SYNTHETIC)
T = TissueClass
SPIDER = (
    (T.BACKGROUND, T.SACRUM, T.RIB),
    (T.CERVICAL, T.THORACIC),
    (T.LUMBAR,),
    (T.DISC,),
    (T.CSF, T.CORD),
)


class _Listener:
    """A network that keeps what it was asked, and sees the same class everywhere."""

    def __init__(self, classes, answer):
        self.classes, self.answer, self.seen = classes, answer, []

    def __call__(self, batch):
        self.seen += list(batch.copy())
        scores = np.zeros((len(batch), len(self.classes), *batch.shape[2:]), dtype=np.float32)
        scores[:, self.answer] = 1
        return scores


@pytest.mark.parametrize("net", list(Net))
def test_training_sees_bit_for_bit_what_the_services_network_sees(net, config, tmp_path):
    prepare(read_sources(config(net)), config(net), tmp_path)
    coarse = _Listener(TissueClass, TissueClass.LUMBAR)
    fine = _Listener(FineClass, FineClass.BACKGROUND)
    spec = SegmentationSpec(COARSE_SPEC, FINE_SPEC if net is Net.FINE else None)
    settings = SegmentationSettings(mirrored_coarse=False, mirrored_fine=False)
    for case in read_sources(config(net)).cases:
        volume, _ = case.load()
        path = cases_folder(tmp_path, net) / f"{case.name}.b2nd"
        stored = blosc2.open(urlpath=str(path), mode="r")[:]
        image = image_from_volume(volume, net)
        coarse.seen, fine.seen = [], []
        predict(volume, Model(REFERENCE, spec, coarse, fine=fine), settings)
        # The service's windows, and what is kept for training, are cut from one array.
        assert _holds(image, stored)
        assert all(_holds(image, seen) for seen in (coarse.seen, fine.seen[-3:])[net is Net.FINE])


def _holds(whole, part):
    """Whether an array is, bit for bit, somewhere in another; one slice or all of them."""
    cut = part if part.ndim == whole.ndim else part[:, None]
    corner = cut[0, 0, 0, 0]
    for at, row, column in np.argwhere(whole[0] == corner):
        box = (slice(at, at + cut.shape[1]), slice(row, row + cut.shape[2]))
        found = whole[:, *box, column : column + cut.shape[3]]
        if np.array_equal(found, cut):
            return True
    return False


def test_targets_of_partly_labeled_cases_count_their_own_sets(config, tmp_path):
    data = read_sources(config(Net.COARSE))
    prepare(data, config(Net.COARSE), tmp_path)
    partitions = targets_of(data.tables, Net.COARSE)
    values = {}
    for case in data.cases:
        path = cases_folder(tmp_path, Net.COARSE) / f"{case.name}_seg.b2nd"
        values.setdefault(case.source, set()).update(np.unique(blosc2.open(str(path), mode="r")[:]))
    assert values[0] <= set(partitions[0].values)
    assert values[1] == set(partitions[1].values)
    assert partitions[1].sets == tuple(tuple(map(int, sorted(one))) for one in SPIDER)


def test_fine_net_joins_the_sets_it_cannot_tell_apart():
    each = joined(EACH_CLASS, Net.FINE)
    assert each == tuple((int(one),) for one in FineClass)
    merged = joined(tuple(tuple(map(int, one)) for one in SPIDER), Net.FINE)
    assert {frozenset(map(FineClass, one)) for one in merged} == {
        frozenset({FineClass.BACKGROUND, FineClass.SACRUM, FineClass.RIB}),
        frozenset({FineClass.VERTEBRA}),
        frozenset({FineClass.DISC}),
        frozenset({FineClass.CSF, FineClass.CORD}),
    }


def test_a_source_that_labels_some_vertebrae_only_leaves_them_with_its_background():
    table = ((0, 1, 4, 6), (2, 3), (5,), (7, 8))  # cervical is not labeled
    assert joined(table, Net.FINE)[0] == (0, 1, 2, 4)


def test_sets_become_targets_of_their_own_source(config):
    data = read_sources(config(Net.FINE))
    sets = np.array([0, 1, 2, 3, 4], dtype=np.uint8)
    partition = targets_of(data.tables, Net.FINE)[1]
    target = target_from_sets(sets, 1, data, Net.FINE)
    meant = [set(partition.sets[value - partition.first]) for value in target]
    assert meant == [
        {FineClass.BACKGROUND, FineClass.SACRUM, FineClass.RIB},
        {FineClass.VERTEBRA},
        {FineClass.VERTEBRA},
        {FineClass.DISC},
        {FineClass.CSF, FineClass.CORD},
    ]


def _case(name, fold):
    return TrainingCase(name, 0, 1.0, fold, load=tuple)


def test_each_patient_is_held_out_once_and_rendered_subjects_never():
    cases = [_case(f"p{n}", n % 3) for n in range(7)] + [_case(f"r{n:02}", None) for n in range(40)]
    parts = splits(cases, 3)
    held = [name for part in parts[:3] for name in part["val"]]
    assert sorted(held) == [f"p{n}" for n in range(7)]
    assert parts[3]["val"] == ["r00", "r01"]
    for part in parts:
        assert not set(part["train"]) & set(part["val"])
        assert not {"r00", "r01"} & set(part["train"])
    assert {name for name in parts[3]["train"] if name[0] == "p"} == set(held)


def test_shares_of_a_source_are_spread_over_its_cases(config):
    data = read_sources(config(Net.COARSE))
    written = dataset(data, targets_of(data.tables, Net.COARSE), Net.COARSE)
    shares = written["sampling_shares"]
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["000001_lumbar"] == pytest.approx(0.5 / 3)


def test_a_folder_prepared_for_other_patients_is_refused(config, tmp_path):
    data = read_sources(config(Net.COARSE))
    prepare(data, config(Net.COARSE), tmp_path)
    fewer = replace(data, cases=data.cases[:-1])
    with pytest.raises(ValueError, match="new folder"):
        prepare(fewer, config(Net.COARSE), tmp_path)


def test_a_folder_whose_targets_meant_something_else_is_refused(config, tmp_path):
    data = read_sources(config(Net.COARSE))
    prepare(data, config(Net.COARSE), tmp_path)
    other = replace(data, tables=(data.tables[0], ((0, 4, 6, 7, 8), (1, 2, 3), (5,))))
    with pytest.raises(ValueError, match="new folder"):
        prepare(other, config(Net.COARSE), tmp_path)


def test_cases_of_one_name_in_two_sources_are_refused(config):
    twice = config(Net.COARSE)
    twice = twice.model_copy(update={"sources": (*twice.sources, twice.sources[1])})
    with pytest.raises(ValueError, match="spider-merged-4"):
        read_sources(twice)


def test_windows_are_not_sought_around_background(config, tmp_path):
    data = read_sources(config(Net.COARSE))
    prepare(data, config(Net.COARSE), tmp_path)
    backgrounds = {one.first for one in targets_of(data.tables, Net.COARSE)}
    for path in cases_folder(tmp_path, Net.COARSE).glob("*.pkl"):
        locations = load_pickle(str(path))["class_locations"]
        assert locations
        assert not set(locations) & backgrounds


def test_splits_are_written_before_the_cases(config, tmp_path):
    data = read_sources(config(Net.COARSE))

    def broken():
        raise OSError("unreadable")

    first = replace(data, cases=(replace(data.cases[0], load=broken), *data.cases[1:]))
    with pytest.raises(OSError, match="unreadable"):
        prepare(first, config(Net.COARSE), tmp_path)
    parts = json.loads((preprocessed_folder(tmp_path) / SPLITS).read_text())
    assert len(parts) == 4
    assert not list(cases_folder(tmp_path, Net.COARSE).glob("*.pkl"))
    prepare(data, config(Net.COARSE), tmp_path)
    assert len(list(cases_folder(tmp_path, Net.COARSE).glob("*.pkl"))) == len(data.cases)


@pytest.mark.parametrize("net", list(Net))
def test_plans_are_complete_and_build_a_compact_network(net):
    network = network_from_plans(network_plans(), net.configuration)
    assert sum(parameter.numel() for parameter in network.parameters()) < 3_000_000
