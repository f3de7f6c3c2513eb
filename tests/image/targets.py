"""What the image must reach (docs/adr/0080-the-image.md)."""

from research.measurements import Data, Measurement

SIZE = "size of the CPU image"
BATCH = "one whole-spine study in a batch run, start of the container to its end"
READY = "start of the container to ready"
STOP = "SIGTERM to the end of the listening container"
LEFT = "results that did not arrive in the PACS"

TARGETS = (
    Measurement(SIZE, None, "GB", Data.NONE, 1, target=2.5, better="lower"),
    Measurement(BATCH, None, "s", Data.SYNTHETIC, 1, better="lower"),
    Measurement(READY, None, "s", Data.NONE, 1, target=20, better="lower"),
    Measurement(STOP, None, "s", Data.NONE, 1, target=10, better="lower"),
    Measurement(LEFT, None, "objects", Data.SYNTHETIC, 1, target=0, better="lower"),
)
