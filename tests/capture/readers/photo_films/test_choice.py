"""Which frames of a film see the room from places apart, and are sharp."""

import cv2
import numpy as np
import pytest

from tests.scan.scenes import photograph, table_texture, texture
from xsim_core.capture.readers.photo_films.choice import (
    LOST,
    NOISE,
    choose,
    sharpness,
    step_between,
)

from .films import CAMERA, pose


@pytest.fixture(scope="module")
def grey():
    textures = [table_texture(with_board=True), texture(1), texture(2)]

    def of(angle, turn=0.0):
        rgb = photograph(CAMERA, pose(angle, turn), textures, 0.0)
        return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)

    return of


def test_a_move_has_parallax_and_a_turn_has_little(grey):
    moved = step_between(grey(0.0), grey(0.06))
    turned = step_between(grey(0.0), grey(0.0, turn=0.06))
    assert turned.displaced > 0.02
    assert turned.parallax < 0.2 * moved.parallax
    assert moved.stretch > 0
    assert turned.stretch > 0  # It shows what is new.


def test_a_camera_that_stands_comes_nowhere(grey):
    rng = np.random.default_rng(0)
    noisy = [np.clip(grey(0.0) + rng.normal(0, 2, (180, 240)), 0, 255) for _ in range(2)]
    still = step_between(*(n.astype(np.uint8) for n in noisy))
    assert still.parallax < NOISE
    assert still.stretch == 0


def test_what_cannot_be_followed_is_all_new(grey):
    assert step_between(np.zeros((180, 240), np.uint8), grey(0.0)) == LOST
    assert LOST.stretch >= 0.9


def test_blur_is_less_sharp(grey):
    assert sharpness(cv2.blur(grey(0.0), (5, 1))) < 0.6 * sharpness(grey(0.0))


def test_the_sharpest_of_each_stretch_is_taken():
    stretches = np.array([0, 0.3, 0.3, 0.3, 0.3, 0.3, 0, 0, 0, 0.6, 0.6])
    sharp = np.array([1, 5, 2, 1, 3, 4, 9, 1, 1, 2, 6.0])
    assert choose(stretches, sharp, 60).tolist() == [1, 6, 10]


def test_of_a_longer_way_there_are_no_more():
    rng = np.random.default_rng(1)
    chosen = choose(np.full(400, 0.5), rng.random(400), 20)
    assert len(chosen) == 20
    assert 10 <= np.diff(chosen).mean() <= 30


def test_a_still_film_has_one_photo():
    assert choose(np.zeros(5), np.array([1, 2, 9, 3, 4.0]), 60).tolist() == [2]
