"""What programs of others read out of our objects, each in its own way, in one form."""

import json
import subprocess
import sys
from html import unescape
from pathlib import Path

import gdcm
import highdicom
import numpy as np
import SimpleITK
from numpy.typing import NDArray

# RAS+, mm, shape (n, 3), by the name of the segment.
Places = dict[str, NDArray[np.float64]]
# Value and unit by the concept's code, group by group.
Values = list[dict[str, tuple[float, str]]]

_RAS_FROM_LPS = np.array([-1.0, -1.0, 1.0])
_DCMQI = Path(sys.executable).parent


def places_by_highdicom(path: Path, _: Path) -> Places:
    """Read where the voxels of each segment lie, by highdicom's volume."""
    segmentation = highdicom.seg.segread(path)
    places = {}
    for number in segmentation.segment_numbers:
        volume = segmentation.get_volume(segment_numbers=[number], allow_missing_positions=True)
        index = np.argwhere(volume.array[..., 0])
        name = segmentation.get_segment_description(number).segment_label
        places[name] = volume.map_indices_to_reference(index) * _RAS_FROM_LPS
    return places


def places_by_dcmqi(path: Path, folder: Path) -> Places:
    """Read where the voxels of each segment lie, by dcmqi and ITK."""
    _dcmqi("segimage2itkimage", path, "--outputDirectory", folder, "--outputType", "nrrd")
    groups = json.loads((folder / "meta.json").read_text())["segmentAttributes"]
    return {
        item["SegmentLabel"]: places_in_image(folder / f"{item['labelID']}.nrrd")
        for group in groups
        for item in group
    }


def places_in_image(path: Path) -> NDArray[np.float64]:
    """Return where an image is not 0, by its own geometry."""
    image = SimpleITK.ReadImage(str(path))
    k, j, i = np.nonzero(SimpleITK.GetArrayFromImage(image))
    index = np.stack([i, j, k], axis=1) * np.array(image.GetSpacing())
    lps = index @ np.array(image.GetDirection()).reshape(3, 3).T + np.array(image.GetOrigin())
    places: NDArray[np.float64] = lps * _RAS_FROM_LPS
    return places


def heat_by_dcmqi(path: Path, folder: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read a parametric map: where it is not 0 (RAS+, mm), and its values there."""
    _dcmqi("paramap2itkimage", path, "--outputDirectory", folder, "--outputType", "nrrd")
    (image,) = folder.glob("*.nrrd")
    data = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(image)))
    return places_in_image(image), data[np.nonzero(data)]


def values_by_highdicom(path: Path, _: Path) -> Values:
    """Read the numbers of each group, by highdicom's templates."""
    report = highdicom.sr.srread(path)
    return [
        {item.name.value: (float(item.value), item.unit.value) for item in group.get_measurements()}
        for group in report.content.get_image_measurement_groups()
    ]


def values_by_dcmqi(path: Path, folder: Path) -> Values:
    """Read the numbers of each group, by dcmqi."""
    target = folder / "report.json"
    _dcmqi("tid1500reader", path, "--outputMetadata", target)
    return [
        {
            item["quantity"]["CodeValue"]: (float(item["value"]), item["units"]["CodeValue"])
            for item in group["measurementItems"]
        }
        for group in json.loads(target.read_text())["Measurements"]
    ]


def words_by_dcmtk(program: str, path: Path) -> str:
    """Return all words of a report as dsr2html or dsrdump prints them, on one line."""
    options = ["+U8"] if program.endswith("dsr2html") else ["+Pl"]
    done = subprocess.run([program, *options, path], check=True, capture_output=True, timeout=60)
    return " ".join(unescape(done.stdout.decode()).split())


def pixels_by_gdcm(path: Path) -> NDArray[np.uint8]:
    """Read an RGB picture, shape (rows, columns, 3), by GDCM."""
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    image = reader.GetImage()
    columns, rows = image.GetDimension(0), image.GetDimension(1)
    data = image.GetBuffer().encode("utf-8", errors="surrogateescape")
    return np.frombuffer(data, dtype=np.uint8).reshape(rows, columns, 3)


def extract(program: str, path: Path, target: Path) -> None:
    """Take a document out of its object, by dcmtk's dcm2pdf."""
    subprocess.run([program, path, target], check=True, capture_output=True, timeout=60)


def _dcmqi(program: str, path: Path, *options: object) -> None:
    command = [_DCMQI / program, "--inputDICOM", path, *options]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
