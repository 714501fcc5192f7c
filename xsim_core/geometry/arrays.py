"""Shapes of arrays as types.

Tests check those of the modules that ``tests/conftest.py`` lists, at every call (jaxtyping and
beartype): a letter is one length within a call or a dataclass. Elsewhere they are plain arrays:
the two packages take 0.2 s to load, and serve developers only.
"""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING or "jaxtyping" not in sys.modules:
    FloatArray = NDArray[np.float32]
    # Transforms and cameras.
    SE3 = NDArray[np.float64]
    SO3 = NDArray[np.float64]
    Quat = NDArray[np.float64]
    Vectors3 = NDArray[np.float64]
    Points = NDArray[np.float64]
    Indices = NDArray[np.int64]
    Twist = NDArray[np.float64]
    Angles = NDArray[np.float64]
    Pixels = NDArray[np.float64]
    Intrinsics = NDArray[np.float64]
    Vector3 = NDArray[np.float64]
    QuatWxyz = NDArray[np.float64]
    # Images.
    RgbImage = NDArray[np.uint8]
    DepthImage = NDArray[np.floating]
    GreyImage = NDArray[np.float32]
    GradientImage = NDArray[np.float32]
    Mask = NDArray[np.bool_]
    # Points of one rendering or image, n of them.
    Values = NDArray[np.floating]
    Flags = NDArray[np.bool_]
    Points3 = NDArray[np.floating]
    Points2 = NDArray[np.floating]
    Cells = NDArray[np.int64]
    Texcoords = NDArray[np.float32]
    Point3 = NDArray[np.floating]
    Motion = NDArray[np.floating]
    Motions = NDArray[np.floating]
    Jacobian = NDArray[np.floating]
    BoxXyxy = NDArray[np.floating]
    Offsets = NDArray[np.int64]
    Lines = NDArray[np.floating]
    # A track over t frames.
    Track = NDArray[np.floating]
    Times = NDArray[np.floating]
    PerFrame = NDArray[np.floating]
    Statuses = NDArray[np.int8]
    Segments = NDArray[np.int64]
    # A textured mesh.
    Vertices = NDArray[np.float32]
    Faces = NDArray[np.int32]
    VertexUv = NDArray[np.float32]
    Texture = NDArray[np.uint8]
    # Batches of policies.
    RgbImages = NDArray[np.uint8]
    RgbWindows = NDArray[np.uint8]
    States = NDArray[np.float32]
    StateWindows = NDArray[np.float32]
    Actions = NDArray[np.float32]
    ActionChunks = NDArray[np.float32]
    Rows = NDArray[np.int64]
    PerDimension = NDArray[np.float32]
    ChunkMask = NDArray[np.float32]
    RowChunks = NDArray[np.int64]
    RowWindows = NDArray[np.int64]
    Observations = NDArray[np.floating]
    PolicyActions = NDArray[np.float32]
    PerObservation = NDArray[np.floating]
    Normalised = NDArray[np.float32]
    # The simulator.
    Joints = NDArray[np.floating]
    ArmJoints = NDArray[np.float64]
    ArmJacobian = NDArray[np.float64]
    StateVectors = NDArray[np.floating]
    Positions = NDArray[np.floating]
    QuatsWxyz = NDArray[np.floating]
    Command = NDArray[np.floating]
    Observation = NDArray[np.float32]
    # Goals, or environments side by side.
    GoalQuats = NDArray[np.float64]
    PerGoal = NDArray[np.float64]
    Vectors = NDArray[np.float64]
    # Splatting: g splats, an image of h times w.
    SplatArrays = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
    SplatImages = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
    Colour = NDArray[np.float32]
else:
    from jaxtyping import Bool, Float, Float32, Float64, Int8, Int32, Int64, UInt8

    # NumPy's protocol for nested sequences takes no tuple at run time (NumPy 2, beartype 0.23).
    ArrayLike = Any
    # Transforms and cameras.
    SE3 = Float64[np.ndarray, "*batch 4 4"]
    SO3 = Float64[np.ndarray, "*batch 3 3"]
    Quat = Float64[np.ndarray, "*batch 4"]
    Vectors3 = Float64[np.ndarray, "*batch 3"]
    Points = Float64[np.ndarray, "*batch n 3"]
    Indices = Int64[np.ndarray, " k"]
    Twist = Float64[np.ndarray, "*batch 6"]
    Angles = Float64[np.ndarray | np.floating, "*batch"]
    Pixels = Float64[np.ndarray, "*batch 2"]
    Intrinsics = Float64[np.ndarray, "3 3"]
    Vector3 = Float64[np.ndarray, "3"]
    QuatWxyz = Float64[np.ndarray, "4"]
    # Images.
    RgbImage = UInt8[np.ndarray, "h w 3"]
    DepthImage = Float[np.ndarray, "h w"]
    GreyImage = Float32[np.ndarray, "h w"]
    GradientImage = Float32[np.ndarray, "h w 2"]
    Mask = Bool[np.ndarray, "h w"]
    # Points of one rendering or image, n of them.
    Values = Float[np.ndarray, " n"]
    Flags = Bool[np.ndarray, " n"]
    Points3 = Float[np.ndarray, "n 3"]
    Points2 = Float[np.ndarray, "n 2"]
    Cells = Int64[np.ndarray, "n 2"]
    Texcoords = Float32[np.ndarray, "n 2"]
    Point3 = Float[np.ndarray, "3"]
    Motion = Float[np.ndarray, "6"]
    Motions = Float[np.ndarray, "n 6"]
    Jacobian = Float[np.ndarray, "n 6"]
    BoxXyxy = Float[np.ndarray, "4"]
    Offsets = Int64[np.ndarray, " s"]
    Lines = Float[np.ndarray, "n s"]
    # A track over t frames.
    Track = Float[np.ndarray, "t 4 4"]
    Times = Float[np.ndarray, " t"]
    PerFrame = Float[np.ndarray, " t"]
    Statuses = Int8[np.ndarray, " t"]
    Segments = Int64[np.ndarray, "s 2"]
    # A textured mesh.
    Vertices = Float32[np.ndarray, "v 3"]
    Faces = Int32[np.ndarray, "f 3"]
    VertexUv = Float32[np.ndarray, "v 2"]
    Texture = UInt8[np.ndarray, "rows columns 3"]
    # Batches of policies.
    RgbImages = UInt8[np.ndarray, "n h w 3"]
    RgbWindows = UInt8[np.ndarray, "n to h w 3"]
    States = Float32[np.ndarray, "n s"]
    StateWindows = Float32[np.ndarray, "n to s"]
    Actions = Float32[np.ndarray, "n a"]
    ActionChunks = Float32[np.ndarray, "n horizon a"]
    Rows = Int64[np.ndarray, " n"]
    PerDimension = Float32[np.ndarray, " d"]
    ChunkMask = Float32[np.ndarray, "n horizon"]
    RowChunks = Int64[np.ndarray, "n horizon"]
    RowWindows = Int64[np.ndarray, "n to"]
    Observations = Float[np.ndarray, "*batch o"]
    PolicyActions = Float32[np.ndarray, "*batch a"]
    PerObservation = Float[np.ndarray, " o"]
    Normalised = Float32[np.ndarray, "*batch o"]
    # The simulator.
    Joints = Float[np.ndarray, "*batch 9"]
    ArmJoints = Float64[np.ndarray, "7"]
    ArmJacobian = Float64[np.ndarray, "6 7"]
    StateVectors = Float[np.ndarray, "*batch 16"]
    Positions = Float[np.ndarray, "*batch 3"]
    QuatsWxyz = Float[np.ndarray, "*batch 4"]
    Command = Float[np.ndarray, " a"]
    Observation = Float32[np.ndarray, " o"]
    # Goals, or environments side by side.
    GoalQuats = Float64[np.ndarray, "k 4"]
    PerGoal = Float64[np.ndarray, " k"]
    Vectors = Float64[np.ndarray, "k 3"]
    # Splatting: g splats, an image of h times w.
    SplatArrays = tuple[
        Float32[np.ndarray, "g 3"],
        Float32[np.ndarray, "g 4"],
        Float32[np.ndarray, "g 2"],
        Float32[np.ndarray, " g"],
        Float32[np.ndarray, "g 3"],
    ]
    _Image = Float32[np.ndarray, "h w"]
    SplatImages = tuple[Float32[np.ndarray, "h w 3"], _Image, _Image, _Image, _Image]
    Colour = Float32[np.ndarray, "3"]

__all__ = [
    "SE3",
    "SO3",
    "ActionChunks",
    "Actions",
    "Angles",
    "ArmJacobian",
    "ArmJoints",
    "ArrayLike",
    "BoxXyxy",
    "Cells",
    "ChunkMask",
    "Colour",
    "Command",
    "DepthImage",
    "Faces",
    "Flags",
    "GoalQuats",
    "GradientImage",
    "GreyImage",
    "Indices",
    "Intrinsics",
    "Jacobian",
    "Joints",
    "Lines",
    "Mask",
    "Motion",
    "Motions",
    "Normalised",
    "Observation",
    "Observations",
    "Offsets",
    "PerDimension",
    "PerFrame",
    "PerGoal",
    "PerObservation",
    "Pixels",
    "Point3",
    "Points",
    "Points2",
    "Points3",
    "PolicyActions",
    "Positions",
    "Quat",
    "QuatWxyz",
    "QuatsWxyz",
    "RgbImage",
    "RgbImages",
    "RgbWindows",
    "RowChunks",
    "RowWindows",
    "Rows",
    "Segments",
    "SplatArrays",
    "SplatImages",
    "StateVectors",
    "StateWindows",
    "States",
    "Statuses",
    "Texcoords",
    "Texture",
    "Times",
    "Track",
    "Twist",
    "Values",
    "Vector3",
    "Vectors",
    "Vectors3",
    "VertexUv",
    "Vertices",
]
