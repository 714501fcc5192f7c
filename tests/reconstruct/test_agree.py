"""A mesh held against the first look that it was begun with."""

from dataclasses import replace

import numpy as np
import pytest

from tests.reconstruct.films import hand_film
from xsim_core.reconstruct.agree import MIN_AGREEMENT, agreement
from xsim_core.reconstruct.first_look import first_look
from xsim_core.reconstruct.follow import start_model
from xsim_core.tracking import TrackerConfig

CONFIG = TrackerConfig()


@pytest.fixture(scope="module")
def begun():
    """The mesh of the first look alone, with that look."""
    film = hand_film(3, is_pushed=False)
    first = first_look(film.video, 0, film.box, CONFIG)
    _, mesh = start_model(film.video, first, CONFIG).mesh(faces=1000, texels=200)
    return mesh, first, film.video.camera


def agreed(begun, change):
    mesh, first, camera = begun
    vertices = change(mesh.vertices).astype(np.float32)
    return agreement(replace(mesh, vertices=vertices), first, camera, CONFIG)


def test_the_first_looks_own_mesh_agrees(begun):
    assert agreed(begun, lambda v: v) > 0.95


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v + np.array([0.03, 0, 0]),
        lambda v: v + np.array([0, 0, 0.03]),
        lambda v: v * [1.5, 1.5, 1],
        lambda v: v * [0.6, 0.6, 0.6],
        lambda v: v * [1, 1, 0.5],
        lambda v: v + np.array([0, 0, 9]),
    ],
    ids=["beside", "above", "broader", "smaller", "lower", "elsewhere"],
)
def test_another_does_not(begun, change):
    assert agreed(begun, change) < MIN_AGREEMENT
