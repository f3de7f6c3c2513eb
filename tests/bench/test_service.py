import pytest

from bench import service


@pytest.mark.slow
def test_overhead_is_measured_end_to_end_and_has_its_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "STUDIES", 2)
    monkeypatch.setattr(service, "INSTANCES", 3)
    median, largest = service.bench_service()
    assert (median.target, median.better, median.n) == (1.0, "lower", 2)
    assert median.value is not None
    assert largest.value is not None
    # Whatever the machine: a study cannot come out before it was complete and analyzed.
    assert 0 < median.value <= largest.value < 60
