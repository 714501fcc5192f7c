"""SAPIEN's shaders without what no scene here needs."""

import contextlib
import functools
import re
import shutil
from collections.abc import Generator
from pathlib import Path

from xsim_core.files.cache import cache_folder, made_once

_TABLE = re.compile(r"layout\([^)]*\) uniform sampler2D samplerBRDFLUT;")
_LOOK_UP = re.compile(r"texture\(samplerBRDFLUT, [^;]*\)\.xy")


@contextlib.contextmanager
def shader_pack(pack: str) -> Generator[None]:
    """Cameras added to a scene inside use this pack of SAPIEN's; all others keep theirs."""
    import sapien

    before = sapien.render.get_camera_shader_dir()
    sapien.render.set_camera_shader_dir(without_environment_table(pack, cache_folder()))
    try:
        yield
    finally:
        sapien.render.set_camera_shader_dir(before)


@functools.cache
def without_environment_table(pack: str, folder: Path) -> str:
    """The folder of a shader pack of SAPIEN's that takes the same pictures, the first one at once.

    Before its first picture a renderer integrates the table with which environment maps are
    reflected (Karis 2013, split sum). On a CPU that is 6 of the 6.6 s until then, in every process.
    No scene here has such a map: what is looked up in the table is multiplied by black.

    Args:
        pack: one of SAPIEN's, such as ``minimal``.
        folder: where the copy is kept, for each version of SAPIEN.

    Returns:
        The copy's path, or ``pack`` itself where its shaders look unlike those known.
    """
    import sapien

    shipped = Path(sapien.__file__).parent / "vulkan_shader"
    texts = {p.name: p.read_text() for p in (shipped / pack).iterdir()}
    plain = {name: _LOOK_UP.sub("vec2(0)", _TABLE.sub("", text)) for name, text in texts.items()}
    if plain == texts or any("samplerBRDFLUT" in text for text in plain.values()):
        return pack

    def copy(draft: Path) -> None:
        shutil.copytree(shipped / "common", draft / "common")  # Included as ../common.
        (draft / pack).mkdir()
        for name, text in plain.items():
            (draft / pack / name).write_text(text)

    return str(made_once(folder / f"shaders_{sapien.__version__}_{pack}", copy) / pack)
