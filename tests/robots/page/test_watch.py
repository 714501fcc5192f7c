import numpy as np

from xsim_core.robots.page.watch import PATH_STEPS, Asked, Moment, Watch


def moment(step):
    nothing = float("nan")
    return Moment(3, step, 0.1 * step, "", nothing, nothing, np.zeros(3))


def test_what_was_pressed_counts_once_and_not_for_the_next_attempt():
    watch = Watch()
    watch.press("go on")
    assert watch.take("go on")
    assert not watch.take("go on")
    assert watch.decided() is None
    watch.press("failure")
    assert watch.decided() == "failure"
    assert watch.decided() is None
    watch.press("success")
    watch.begin()
    assert watch.decided() is None


def test_stop_is_for_good():
    watch = Watch()
    watch.press("stop")
    watch.begin()
    assert watch.is_stopped
    assert watch.decided() == watch.decided() == "stopped"


def test_an_attempt_begins_without_the_one_before():
    watch = Watch()
    watch.asked = Asked("put it there")
    for step in range(PATH_STEPS + 5):
        watch.show(moment(step), np.full(3, step))
    assert len(watch.path) == PATH_STEPS
    assert watch.path[-1][0] == watch.moment.step == PATH_STEPS + 4
    watch.end("success")
    watch.begin()
    assert watch.moment is watch.asked is None
    assert len(watch.path) == 0
    assert watch.outcomes == {"success": 1}
