"""The comparison as one HTML page that needs nothing beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from xsim_core.artifacts import ArtifactRef
from xsim_core.pages import IMAGES, MAX_INLINE_BYTES, image_uri, render
from xsim_core.runs import RunRecord
from xsim_core.storage import ArtifactStore

from .comparison import Comparison


class Pair(NamedTuple):
    """The same picture of both runs, as data URIs."""

    stage: str
    name: str
    left: str
    right: str


def comparison_page(
    store: ArtifactStore, comparison: Comparison, left: RunRecord, right: RunRecord
) -> str:
    """The page: configurations, success rates and figures, pictures side by side.

    Args:
        store: where the pictures lie.
        comparison: of these two runs.
        left: the run to compare with.
        right: the run that is compared.
    """
    pictures = list(_pictures(store, left, right))
    return render("compare/page.html", c=comparison, pictures=pictures)


def _pictures(store: ArtifactStore, left: RunRecord, right: RunRecord) -> Iterator[Pair]:
    for stage, ref in left.stages.items():
        other = right.stages.get(stage)
        if other is None or other == ref:
            continue
        before, after = _files(store, ref), _files(store, other)
        for name in (name for name in before if name in after):
            yield Pair(stage, name, before[name], after[name])


def _files(store: ArtifactStore, ref: ArtifactRef) -> dict[str, str]:
    opened = store.open(ref)
    found: dict[str, str] = {}
    for name in opened.file_names:
        mime = IMAGES.get(Path(name).suffix.lower())
        data = opened.read_file(name) if mime else b""
        if mime and len(data) <= MAX_INLINE_BYTES:
            found[name] = image_uri(data, mime)
    return found
