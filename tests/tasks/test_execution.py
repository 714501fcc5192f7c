import errno

import pytest
from prefect.client.schemas.objects import State, StateType

from tasks.engine.execution import is_retryable
from xsim_core.errors import BadInputError, QualityGateError


def failed(error):
    return State(type=StateType.FAILED, data=error)


@pytest.mark.parametrize("error", [ConnectionError("reset"), TimeoutError(), OSError(5, "I/O")])
def test_what_may_heal_is_tried_again(error):
    assert is_retryable(None, None, failed(error))


@pytest.mark.parametrize(
    "error",
    [
        BadInputError("no depth"),
        QualityGateError("psnr"),
        OSError(errno.ENOSPC, "disk full"),
        TypeError("a bug"),
        KeyError("a bug"),
    ],
)
def test_what_cannot_heal_is_not(error):
    assert not is_retryable(None, None, failed(error))
