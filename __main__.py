"""``python <this folder>``: how a MONAI application package is run.

Without arguments it analyzes one study, on the paths of the ``HOLOSCAN_*`` variables.
"""

import sys

from app.cli import main

if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.argv.append("run")
    main()
