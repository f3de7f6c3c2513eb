import os

from research.processes import each


def squared(number):
    return number**2, os.getpid()


def test_one_worker_works_here_and_in_order():
    results = list(each(squared, [3, 1, 2], workers=1))

    assert results == [(9, os.getpid()), (1, os.getpid()), (4, os.getpid())]


def test_several_workers_are_other_processes_and_keep_the_order():
    results = list(each(squared, [3, 1, 2], workers=2))

    assert [square for square, _ in results] == [9, 1, 4]
    assert os.getpid() not in {pid for _, pid in results}
