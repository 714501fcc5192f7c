"""The only door to a ``RealWorld`` artifact."""

import json
from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from xsim_core.artifacts import RealWorld
from xsim_core.config import refusal
from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh
from xsim_core.storage import OpenArtifact

from .spec import WorldSpec


@dataclass(frozen=True)
class OpenWorld:
    """A world and the object in it."""

    spec: WorldSpec
    mesh: TexturedMesh
    """The object, before its tint."""


def spec_to_json(spec: WorldSpec) -> np.ndarray:
    """``spec_json`` of a RealWorld artifact: UTF-8 bytes (b,)."""
    text = json.dumps(spec.model_dump(mode="json"), sort_keys=True)
    return np.frombuffer(text.encode(), dtype=np.uint8).copy()


def spec_from_json(text: bytes, where: str) -> WorldSpec:
    """The inverse of ``spec_to_json``.

    Raises:
        BadInputError: with ``where``, when it is not the description of a world.
    """
    try:
        return WorldSpec.model_validate_json(text)
    except ValidationError as error:
        raise BadInputError(
            f"{where} does not describe a world: {refusal(error, 'world')} Ingest the capture's "
            "world again."
        ) from error


def open_world(handle: OpenArtifact[RealWorld]) -> OpenWorld:
    """Open the world to deploy into.

    Raises:
        BadInputError: when its description is not that of a world.
    """
    spec = spec_from_json(handle.array("spec_json").tobytes(), str(handle.ref))
    return OpenWorld(spec, TexturedMesh.from_arrays(handle.arrays("object")))
