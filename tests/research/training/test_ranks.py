"""Two processes train one network as `torchrun` starts them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from research.training.ranks import Rank

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
import numpy as np, torch
from pathlib import Path
from research.training.examples import ArrayExamples
from research.training.loop import Task, TrainingSettings, fit
rng = np.random.default_rng(0)
inputs = rng.normal(size=(10, 3)).astype(np.float32)
examples = ArrayExamples(inputs, (inputs @ np.array([[1.0], [-2.0], [0.5]])).astype(np.float32))
torch.manual_seed(1)
network = torch.nn.Linear(3, 1)
task = Task(network, torch.nn.MSELoss(), examples, examples, lambda item, rng: item)
settings = TrainingSettings(epochs=3, learning_rate=0.05, batch_size=int(sys.argv[2]))
fit(task, settings, Path(sys.argv[1]))
"""


def test_shares_are_disjoint_and_of_one_size():
    shares = [range(11)[Rank(number, 3, torch.device("cpu")).share(11)] for number in range(3)]

    assert [list(share) for share in shares] == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]


@pytest.mark.slow
def test_two_processes_of_half_batches_learn_what_one_learns(tmp_path):
    script = tmp_path / "fit.py"
    script.write_text(SCRIPT)
    alone, together = tmp_path / "alone", tmp_path / "together"
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    for command in (
        [sys.executable, str(script), str(alone), "10"],
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port",
         "0", "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", str(script),
         str(together), "5"],
    ):  # fmt: skip
        subprocess.run(command, check=True, env=environment, cwd=ROOT, timeout=180)

    for name, value in load_file(alone / "best.safetensors").items():
        torch.testing.assert_close(load_file(together / "best.safetensors")[name], value)
    rows = [
        np.genfromtxt(run / "curves.csv", delimiter=",", names=True) for run in (alone, together)
    ]
    np.testing.assert_allclose(rows[1]["validation_loss"], rows[0]["validation_loss"], rtol=1e-4)
