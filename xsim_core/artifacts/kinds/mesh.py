"""The arrays of the object's mesh, which several kinds hold."""

from xsim_core.artifacts.schema import ArraySpec as S

MESH = (
    S("object/vertices", "float32", "v 3", "object mesh in its own frame, metres"),
    S("object/faces", "int32", "f 3", "triangles"),
    S("object/uv", "float32", "v 2", "texture coordinates, v up"),
    S("object/texture", "uint8", "th tw 3", "RGB"),
    S(
        "object/is_seen",
        "bool",
        "v",
        "of a mesh made from the film: vertices where a frame measured the surface; else a guess",
        optional=True,
    ),
)
