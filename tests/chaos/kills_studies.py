"""Studies to be killed with: small ones for the stand-in, phantoms for the graph."""

from collections.abc import Iterable
from pathlib import Path

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from phantom.protocols import LUMBAR_T2, coarser
from phantom.studies import StudyPlan, write_phantom_study
from tests.chaos.kills_points import Point
from tests.chaos.kills_promises import Kill, Study

# The second comes in several PDUs: it can be interrupted while it is still being sent.
_PIXEL_BYTES = (40_000, 3 << 20, 40_000)
_COARSE_MM = 4.0


def stand_in_kills(folder: Path, points: Iterable[Point]) -> list[Kill]:
    """Return kills with studies of three instances."""
    return [
        Kill(point, _write_study(folder / str(number), f"1.2.826.0.{number + 1}"))
        for number, point in enumerate(points)
    ]


def graph_kills(folder: Path, points: Iterable[Point]) -> list[Kill]:
    """Return kills with phantoms, coarse but whole lumbar series."""
    return [
        Kill(point, _draw_study(folder / str(number), number))
        for number, point in enumerate(points)
    ]


def _write_study(folder: Path, study: str) -> Study:
    folder.mkdir(parents=True)
    files = {}
    for number, size in enumerate(_PIXEL_BYTES, 1):
        image = FileDataset(None, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.SOPClassUID = MRImageStorage
        image.SOPInstanceUID = f"{study}.1.{number}"
        image.StudyInstanceUID, image.SeriesInstanceUID = study, f"{study}.1"
        image.PatientID, image.PatientName = "KILLED", "Phantom"
        image.PixelData = bytes([number]) * size
        image["PixelData"].VR = "OW"
        path = folder / f"{number}.dcm"
        image.save_as(path, enforce_file_format=True)
        files[image.SOPInstanceUID] = path
    return Study(study, files)


def _draw_study(folder: Path, seed: int) -> Study:
    from pydicom import dcmread

    plan = StudyPlan(55.0, "F", protocols=(coarser(LUMBAR_T2, _COARSE_MM),), sub_slices=1)
    written = write_phantom_study(folder, seed, plan).written
    headers = {
        path: dcmread(path, stop_before_pixels=True) for series in written.paths for path in series
    }
    (study,) = {str(header.StudyInstanceUID) for header in headers.values()}
    return Study(study, {str(header.SOPInstanceUID): path for path, header in headers.items()})
