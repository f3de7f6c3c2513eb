import threading

import numpy as np
import torch

from research.training.examples import ArrayExamples, batches

CPU = torch.device("cpu")


def test_batches_come_in_order_and_the_last_one_may_be_smaller():
    examples = ArrayExamples(np.arange(14, dtype=np.float32).reshape(7, 2))
    order = np.array([6, 0, 3, 5, 1])

    found = list(batches(examples, order, 2, CPU))

    assert [places.tolist() for places, _ in found] == [[6, 0], [3, 5], [1]]
    for places, inputs in found:
        np.testing.assert_array_equal(torch.stack(inputs), examples.inputs[places])


class Counting:
    """Counts how many inputs were read and are not asked for yet."""

    targets = np.zeros(200)

    def __init__(self):
        self.read, self.lock = 0, threading.Lock()

    def __len__(self):
        return 200

    def load(self, place):
        with self.lock:
            self.read += 1
        return (torch.tensor([float(place)]),)

    def to_input(self, loaded, device):  # noqa: ARG002
        return loaded[0]


def test_little_is_read_ahead_so_that_memory_stays_flat():
    examples = Counting()
    ahead = []
    for number, _ in enumerate(batches(examples, np.arange(200), 2, CPU), start=1):
        ahead.append(examples.read - 2 * number)

    assert max(ahead) <= 14
    assert examples.read == 200


def test_what_is_yielded_does_not_change_the_inputs():
    inputs = np.zeros((2, 3), dtype=np.float32)

    for _, batch in batches(ArrayExamples(inputs), np.arange(2), 2, CPU):
        batch[0].add_(1)

    assert not inputs.any()
