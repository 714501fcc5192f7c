"""What the Prefect UI shows for a stage: a moving progress artifact and a page of key figures."""

import base64
import io
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)

from xsim_core.scratch import write_bytes
from xsim_core.storage import OpenArtifact

log = logging.getLogger(__name__)

UPDATE_EVERY_S = 3.0
THUMBNAIL_WIDTH_PX = 480
MAX_INLINE_PICTURES = 4
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


class ProgressArtifact:
    """A progress bar in the UI that moves while the stage runs, at most every few seconds.

    The server is for looking only: when it cannot be reached, the stage goes on without it.
    """

    def __init__(self, stage: str) -> None:
        self._key = f"{_key(stage)}-progress"
        self._stage = stage
        self._id: UUID | None = None
        self._due = time.monotonic() + UPDATE_EVERY_S

    def __enter__(self) -> "ProgressArtifact":
        return self

    def update(self, fraction: float, figures: Mapping[str, float]) -> None:
        """Show the fraction done and the key figures so far."""
        if time.monotonic() < self._due:
            return
        self._send(fraction, ", ".join(f"{k} {v:.3g}" for k, v in figures.items()))
        self._due = time.monotonic() + UPDATE_EVERY_S

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._id is not None and error is None:
            self._send(1.0, "done")

    def _send(self, fraction: float, text: str) -> None:
        percent = 100.0 * min(1.0, max(0.0, fraction))
        description = f"{self._stage}: {text}" if text else self._stage
        try:
            if self._id is None:
                created: Any = create_progress_artifact(percent, self._key, description)
                self._id = created
            else:
                update_progress_artifact(self._id, percent, description)
        except Exception as error:  # noqa: BLE001 a lost server must not end an hour of training
            log.warning("progress of %s could not be shown: %s", self._stage, error)


def publish_summary(
    stage: str, artifact: OpenArtifact, *, home: Path, reused: bool, other_code: str = ""
) -> None:
    """A Markdown page of the artifact's key figures, with its pictures and where they lie."""
    try:
        text = summary_markdown(stage, artifact, home=home, reused=reused, other_code=other_code)
        create_markdown_artifact(text, _key(stage), f"{stage}: {artifact.ref}")
    except Exception as error:  # noqa: BLE001 as above
        log.warning("the summary of %s could not be shown: %s", stage, error)


def summary_markdown(
    stage: str, artifact: OpenArtifact, *, home: Path, reused: bool, other_code: str = ""
) -> str:
    """The page's text. Pictures are small copies within it; full ones lie under ``home``."""
    origin = "reused from the store" if reused else "made in this run"
    origin += f", made by {other_code}" if other_code and reused else ""
    origin += f" by {other_code}" if other_code and not reused else ""
    seconds = artifact.manifest.provenance.get("duration_s", 0.0)
    megabytes = artifact.manifest.num_bytes / 1e6
    folder = home / "pictures" / str(artifact.ref)
    _save_files(artifact, folder)
    # Their place, and no links: the UI strips those to a machine's files.
    names = ", ".join(f"`{name}`" for name in artifact.file_names)
    places = [f"Files in `{folder}`: {names}.", ""] if names else []
    lines = [
        f"# {stage}",
        f"`{artifact.ref}` — **{origin}**, {seconds:.1f} s when it was made, {megabytes:.1f} MB.",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in key_figures(artifact)),
        "",
        *(f"- {note}" for note in artifact.notes),
        "",
        *thumbnails(artifact, read=lambda name: (folder / name).read_bytes()),
        *places,
        f"Made from: {_parents(artifact)}.",
    ]
    return "\n".join(lines)


def key_figures(artifact: OpenArtifact) -> list[tuple[str, str]]:
    """Name and value of every plain field of the summary."""
    figures: list[tuple[str, str]] = []
    for name, value in artifact.summary.model_dump(mode="json").items():
        if isinstance(value, dict):
            inner = cast("dict[str, Any]", value)
            scalars = {k: v for k, v in inner.items() if isinstance(v, int | float | str)}
            figures += [(f"{name}.{k}", _plain(v)) for k, v in scalars.items()]
        elif name == "rates":
            figures += [
                (
                    f"{r['policy']} in {r['domain']}",
                    f"{r['successes']}/{r['trials']} [{r['low']:.2f}, {r['high']:.2f}]",
                )
                for r in value
            ]
        elif isinstance(value, int | float | str | bool):
            figures.append((name, _plain(value)))
    return figures


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def thumbnails(
    artifact: OpenArtifact,
    *,
    at_most: int = MAX_INLINE_PICTURES,
    read: Callable[[str], bytes] | None = None,
) -> list[str]:
    """Markdown of an artifact's first pictures, as small copies that travel within the text.

    Args:
        artifact: whose.
        at_most: how many.
        read: the bytes of a file by its name; from the store by default.
    """
    names = [name for name in artifact.file_names if name.lower().endswith(_PICTURES)][:at_most]
    lines: list[str] = []
    for name in names:
        lines += [f"![{name}]({_thumbnail((read or artifact.read_file)(name))})", ""]
    return lines


def _save_files(artifact: OpenArtifact, folder: Path) -> None:
    """Copy an artifact's files to this machine; a reused one's are here from the last time."""
    for name in artifact.file_names:
        path = folder / name
        if not path.exists():
            write_bytes(path, artifact.read_file(name))


def _thumbnail(data: bytes) -> str:
    # The UI's page may not open file:// links, so a small copy travels inside the artifact.
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        small = image.convert("RGB")
    small.thumbnail((THUMBNAIL_WIDTH_PX, THUMBNAIL_WIDTH_PX))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _parents(artifact: OpenArtifact) -> str:
    inputs = artifact.manifest.inputs
    return ", ".join(f"{name} `{ref}`" for name, ref in inputs.items()) or "the outside world"


def _key(stage: str) -> str:
    # Prefect's artifact keys hold lower-case letters, digits and dashes.
    return stage.replace("_", "-").lower()
