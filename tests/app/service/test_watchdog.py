from app.service.watchdog import Watchdog
from tests.app.service.served import until


def test_rounds_go_on_though_one_of_them_fails() -> None:
    done: list[str] = []

    def fail() -> None:
        done.append("failing")
        raise RuntimeError("the disk is full")

    watchdog = Watchdog()
    watchdog.add("failing", 0.1, fail)
    watchdog.add("often", 0.1, lambda: done.append("often"))
    watchdog.add("rarely", 3600, lambda: done.append("rarely"))
    watchdog.start()
    until(lambda: done.count("failing") >= 2 and done.count("often") >= 2)
    watchdog.stop()
    assert done.count("rarely") == 1
