"""Pictures of the viewer's tests, small enough for the documentation.

Example: python -m tests.viewer.publish build/viewer-test docs/pictures
"""

import sys
from pathlib import Path

from PIL import Image

# Each stands in docs/readers.md.
PICTURES = (
    "summary-page",
    "segmentations",
    "report-age",
    "report-refused",
    "key-pictures",
    "document",
)
_WIDTH = 1200


def publish(source: Path, target: Path) -> None:
    """Write every picture as WebP, 1,200 pixels wide."""
    target.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        picture = Image.open(source / f"{name}.png").convert("RGB")
        height = round(picture.height * _WIDTH / picture.width)
        small = picture.resize((_WIDTH, height), Image.Resampling.LANCZOS)
        small.save(target / f"{name}.webp", quality=80, method=6)


if __name__ == "__main__":
    publish(Path(sys.argv[1]), Path(sys.argv[2]))
