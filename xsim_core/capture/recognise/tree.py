"""The folders and files that a person brought, listed once."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from xsim_core.capture.identity import is_part
from xsim_core.capture.layout import CAPTURE_FILE
from xsim_core.capture.readers.images import natural_key
from xsim_core.errors import BadInputError

MAX_DEPTH = 8
MAX_FILES = 200_000
OUR_FILES = (CAPTURE_FILE, "init_frame.png")


@dataclass(frozen=True)
class Tree:
    """A folder and all below it, in natural order."""

    root: Path
    files_in: dict[Path, list[Path]] = field(default_factory=dict)
    """Folder → its files."""

    @property
    def folders(self) -> list[Path]:
        """The root first, then those below it."""
        return list(self.files_in)

    @property
    def files(self) -> list[Path]:
        """All of them."""
        return [file for files in self.files_in.values() for file in files]

    def rel(self, path: Path) -> str:
        """A path as ``capture.yaml`` writes it."""
        return path.relative_to(self.root).as_posix()


def list_tree(root: Path) -> Tree:
    """List a folder; hidden files and what operating systems leave behind are skipped.

    Links to folders are followed, once each.

    Raises:
        BadInputError: when it is no folder, or holds too much to be one recording.
    """
    if not root.is_dir():
        raise BadInputError(f"{root} is not a folder. Name the one that holds your recording.")
    tree, seen, num_files = Tree(root), {root.resolve()}, 0
    for where, folders, files in os.walk(root, followlinks=True):
        here = Path(where)
        known = [f for f in folders if _is_new(here / f, seen)]
        deep = len(here.relative_to(root).parts) >= MAX_DEPTH
        folders[:] = [] if deep else sorted(known, key=natural_key)
        num_files += len(files)
        if num_files > MAX_FILES:
            raise BadInputError(
                f"{root} holds more than {MAX_FILES:,} files: name the folder of one recording"
            )
        kept = [f for f in files if is_part(f) and f[0] != "." and not _is_ours(here / f, root)]
        tree.files_in[here] = [here / f for f in sorted(kept, key=natural_key)]
    return tree


def _is_new(folder: Path, seen: set[Path]) -> bool:
    real = folder.resolve()
    if not is_part(folder.name) or folder.name[0] == "." or real in seen:
        return False
    seen.add(real)
    return True


def _is_ours(file: Path, root: Path) -> bool:
    return file.parent == root and file.name.startswith(OUR_FILES)
