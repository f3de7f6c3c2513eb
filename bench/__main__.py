"""``python -m bench``: every step beside the stock parts, in one run, into build/bench.json."""

import sys
import time
from pathlib import Path

import torch

from app.approval import approvals
from app.settings import load_settings
from bench.discs import bench_discs
from bench.intake import bench_intake
from bench.networks import bench_age_network
from bench.segmentation import bench_segmentation
from bench.service import bench_service
from bench.study import bench_phantom, bench_study
from bench.writing import bench_writing
from research.measurements import tabulate, write_measurements
from spine.inference.backends import Backend
from spine.inference.loading import load_models

THREADS = 2


def main() -> int:
    """Measure, write the figures, print them; 1 if a target was missed."""
    started = time.monotonic()
    torch.set_num_threads(THREADS)
    settings = load_settings()
    folder = Path(settings.models.folder)
    approved = approvals(settings)
    models = load_models(folder, approved, Backend.OPENVINO, threads=THREADS)
    results = bench_phantom()
    results += bench_study(models, folder, THREADS)
    results += bench_segmentation(folder, THREADS)
    results += bench_age_network(THREADS)
    results += bench_discs(models, load_models(folder, approved, Backend.TORCH, threads=THREADS))
    results += bench_writing()
    results += bench_intake()
    results += bench_service()
    path = write_measurements("bench", time.monotonic() - started, results)
    sys.stdout.write(f"{tabulate(results)}\n{path}\n")
    return int(any(result.met is False for result in results))


if __name__ == "__main__":
    sys.exit(main())
