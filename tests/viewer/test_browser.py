import pytest

from tests.viewer import browser


def test_a_driver_that_neither_answers_nor_ends_is_told_and_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(browser, "_ANSWER_TIMEOUT_S", 0.2)
    monkeypatch.setattr(browser, "_END_TIMEOUT_S", 0.2)
    stuck = tmp_path / "node"
    stuck.write_text("#!/bin/sh\nexec sleep 60\n")
    stuck.chmod(0o700)

    with (
        browser.started(str(stuck), "chromium", tmp_path, tmp_path) as page,
        pytest.raises(AssertionError, match="does not answer errors"),
    ):
        page.do("errors")

    assert page._process.returncode == -9
