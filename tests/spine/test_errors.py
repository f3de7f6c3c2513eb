"""Codes are a public contract; errors survive the way between processes."""

import pickle

import pytest

from spine.errors import Code, GeometryError, OutOfFieldError, SpineError


def test_every_code_spells_its_own_name():
    assert all(code.value == code.name for code in Code)


@pytest.mark.parametrize("code", ["AGE_OUT_OF_RANGE", "COVERAGE_TOO_SMALL", "MODEL_NOT_VALIDATED"])
def test_codes_that_others_rely_on_stay(code):
    assert Code(code).value == code


def test_errors_form_the_tree_of_the_design():
    assert issubclass(OutOfFieldError, GeometryError)
    assert issubclass(GeometryError, SpineError)


def test_an_error_keeps_class_code_and_reason_across_a_pipe():
    error = pickle.loads(pickle.dumps(OutOfFieldError(Code.DISC_OUT_OF_FIELD, "too far")))  # noqa: S301 - our own bytes
    assert type(error) is OutOfFieldError
    assert (error.code, error.reason) == (Code.DISC_OUT_OF_FIELD, "too far")
