"""The page beside a real rollout on the MuJoCo robot: what it shows, and what a press does."""

import base64
import dataclasses
import json
import os
import shutil
import threading
import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest

from tests.capture.annotate.browser import opened
from tests.robots.scenes import START, scene
from tests.robots.test_rollout import push
from tests.waiting import until
from xsim_core.robots.dead_man import DeadMan
from xsim_core.robots.page.server import RobotPage, safety_in_words, serving
from xsim_core.robots.page.watch import Place, Watch
from xsim_core.robots.person_at_terminal import PersonAtTerminal
from xsim_core.robots.recording import read_rollout
from xsim_core.robots.rollout import PRESSED, run_rollout

pytest.importorskip("mujoco")


def stay(rgb, seen):
    """Do nothing, in time."""
    return np.zeros((8, 3), np.float32)


@pytest.fixture
def shown(setup):
    """A setup, and the page of it."""
    with serving(RobotPage(setup.driver, setup.info, setup.watch)) as page:
        yield setup, page


def ask(page, path, sent=None, *, key=None):
    base = page.url.split("?")[0]
    data = None if sent is None else json.dumps(sent).encode()
    request = urllib.request.Request(
        base + path, data=data, headers={"X-Key": page.key if key is None else key}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def attempt(setup, think, path):
    """A rollout in a thread; what came of it is put in the list."""
    came = []
    running = threading.Thread(
        target=lambda: came.append(run_rollout(setup, think, seed=0, path=path)), daemon=True
    )
    running.start()
    return came, running


def test_it_shows_a_rollout_as_it_goes(shown, tmp_path):
    setup, page = shown
    now = ask(page, "now")
    assert now["safety"] == "no policy acts"
    came, running = attempt(setup, push, tmp_path / "a.rollout")
    assert until(lambda: len(setup.watch.path) > 3 or came)
    now = ask(page, "now")
    data = base64.b64decode(now["picture"].removeprefix("data:image/jpeg;base64,"))
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (setup.info.camera.height, setup.info.camera.width, 3)
    assert {"TCP", "force", "picture is old"} <= set(now["facts"])
    running.join(120)
    assert came[0].outcome == "success"
    assert ask(page, "now")["outcomes"] == {"success": 1}


@pytest.mark.parametrize("press", ["failure", "success", "stop"])
def test_a_press_ends_it_and_is_recorded(shown, tmp_path, press):
    setup, page = shown
    came, running = attempt(setup, stay, tmp_path / "a.rollout")
    assert until(lambda: setup.watch.moment)
    assert ask(page, "press", {"press": press}) == {"pressed": press}
    running.join(60)
    wanted = "stopped" if press == "stop" else press
    assert (came[0].outcome, came[0].why) == (wanted, PRESSED)
    # The thread that moves the robot brakes by itself: it waits for no control step.
    is_let_go = "dead-man key released" in came[0].figures["held_back"]
    assert is_let_go == (press == "stop")
    assert (safety_in_words(setup.watch) == "stopped from this page") == (press == "stop")
    recorded = read_rollout(tmp_path / "a.rollout")
    assert (recorded.outcome, recorded.figures["why"]) == (wanted, PRESSED)


def test_it_is_for_whoever_has_the_key_and_takes_nothing_else(shown):
    _, page = shown
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask(page, "now", key="wrong")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask(page, "press", {"press": "stop"}, key="")
    for sent in ({"press": "fly"}, {"press": "stop", "more": 1}, {}):
        with pytest.raises(urllib.error.HTTPError, match="400"):
            ask(page, "press", sent)


def test_a_robot_that_is_gone_is_said_not_thrown(shown):
    setup, page = shown
    setup.driver._connection.socket.close()
    assert until(lambda: ask(page, "now")["safety"].startswith("lost: "))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium to open the page in")
def test_in_a_browser_a_person_puts_the_object_there_and_says_that_it_is_done(setup, tmp_path):
    theirs, hand = os.pipe()
    keys, watch, script = DeadMan(theirs), Watch(), setup.person
    place = Place(START, scene().thing.mesh)
    person = PersonAtTerminal(
        keys, lambda: script.reset(0), lambda seed: ("there", place), lambda s: None, watch
    )
    setup = dataclasses.replace(setup, person=person, watch=watch)
    shown = serving(RobotPage(setup.driver, setup.info, watch))
    with shown as served, opened(served.url, tmp_path) as page:
        came, running = attempt(setup, stay, tmp_path / "a.rollout")
        page.wait("$('asked').textContent.includes('out of the way') && !$('goon').disabled")
        page.click("goon")
        page.wait("$('asked').textContent.includes('put the object there: there')")
        page.wait("$('view').naturalWidth == 160")
        page.click("goon")
        page.wait("$('safety').textContent == 'lets the policy move'")
        page.click("success")
        page.wait("$('outcomes').textContent == 'so far: 1 success'")
        running.join(60)
        # Hidden, it asks for nothing.
        page.value(
            "Object.defineProperty(document, 'hidden', {value: true}); window.turns = 0; "
            "const later = setTimeout; "
            "window.setTimeout = (f, ms) => { turns++; return later(f, ms); }"
        )
        page.wait("turns >= 2")
        before = served.num_looks
        page.wait("turns >= 6")
        assert served.num_looks == before
    keys.close()
    os.close(theirs)
    os.close(hand)
    assert came[0].outcome == "success"
