import dataclasses

import highdicom
import numpy as np
import pytest
from pydicom import dcmread

from spine.imaging.volume import Volume
from spine.reporting.kinds import Kind
from spine.reporting.writing import WritingSettings, write
from tests.spine.dicom.pixels import world_from_pixel

HEAT_MAP = frozenset({Kind.HEAT_MAP})


@pytest.fixture
def older(written):
    return dcmread(written("with_heat", kinds=HEAT_MAP).objects["heat-map-older"])


def test_values_are_those_of_the_map_on_the_frames_of_the_source(older, with_heat):
    heat = with_heat.age.heat.older
    by_uid = {frame.sop_instance_uid: frame for frame in with_heat.selection.frames}
    pixels = older.pixel_array
    assert pixels.dtype == np.float32
    hot = np.zeros(heat.data.shape, dtype=bool)
    for number, groups in enumerate(older.PerFrameFunctionalGroupsSequence):
        source = groups.DerivationImageSequence[0].SourceImageSequence[0]
        frame = by_uid[source.ReferencedSOPInstanceUID]
        for row, column in np.argwhere(pixels[number] > 0.5):
            index = heat.grid.index_from_world(world_from_pixel(frame, column, row))
            assert np.abs(index - np.round(index)).max() < 0.05
            hot[tuple(np.round(index).astype(int))] = True
    assert np.array_equal(hot, heat.data > 0.5)
    assert hot.any()


def test_positions_are_those_of_the_source(older, with_heat):
    placed = {
        tuple(np.round(groups.PlanePositionSequence[0].ImagePositionPatient, 2))
        for groups in older.PerFrameFunctionalGroupsSequence
    }
    sources = {
        tuple(np.round(item.header.ImagePositionPatient, 2))
        for item in with_heat.selection.series.instances
    }
    assert placed == sources


def test_quantity_is_grad_cam_without_unit_and_it_says_what_it_is_not(older):
    (mapping,) = older.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    quantity = mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0]
    assert (quantity.CodeValue, quantity.CodingSchemeDesignator) == ("130403", "DCM")
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "1"
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1.0, 0.0)
    assert older.ContentLabel == "OLDER"
    assert "no finding" in older.ContentDescription
    assert older.ContentQualification == "RESEARCH"


def test_each_map_is_a_series_of_its_own(with_heat, references, run):
    heat = with_heat.age.heat
    turned = Volume(heat.older.data[:, ::-1].copy(), heat.older.affine)
    age = dataclasses.replace(with_heat.age, heat=dataclasses.replace(heat, younger=turned))
    both = dataclasses.replace(with_heat, age=age)
    written = write(both, references, run, WritingSettings(objects=HEAT_MAP)).written
    maps = [highdicom.imread(path) for path in written]
    assert [item.ContentLabel for item in maps] == ["OLDER", "YOUNGER"]
    assert [item.SeriesNumber for item in maps] == [9009, 9010]
    assert len({item.DimensionOrganizationSequence[0].DimensionOrganizationUID
                for item in maps}) == 2  # fmt: skip
    assert not np.array_equal(maps[0].pixel_array, maps[1].pixel_array)


@pytest.mark.parametrize("case", ["findings", "all_refused", "out_of_scope"])
def test_without_heat_there_is_no_map(case, written):
    assert written(case, kinds=HEAT_MAP).outcome.written == ()
