"""The one door to the MONAI Deploy App SDK.

holoscan links against ``libcudart.so.13`` even where nothing runs on a GPU. On
a machine without CUDA the library of the ``nvidia-cuda-runtime`` wheel must be
in the process before holoscan is imported; hence this module, and the rule
that everybody else imports the SDK from here.
"""

import ctypes
import importlib.util
import warnings
from pathlib import Path


def _load_cuda_runtime() -> None:
    package = importlib.util.find_spec("nvidia")
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        library = Path(folder) / "cu13" / "lib" / "libcudart.so.13"
        if library.is_file():
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
            return


_load_cuda_runtime()
with warnings.catch_warnings():
    # The graph passes Python objects between six operators; 8 MB of stack are plenty.
    warnings.filterwarnings("ignore", message="Current stack size", category=RuntimeWarning)
    from monai.deploy.conditions import CountCondition
    from monai.deploy.core import (
        Application,
        ExecutionContext,
        Fragment,
        InputContext,
        Operator,
        OperatorSpec,
        OutputContext,
    )

__all__ = [
    "Application",
    "CountCondition",
    "ExecutionContext",
    "Fragment",
    "InputContext",
    "Operator",
    "OperatorSpec",
    "OutputContext",
]
