"""``xsim import``: a dataset of another tool as an artifact."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from flows.cli.arguments import NO_TEXTS, Features, Folder, Instructions
from flows.cli.output import print_json

if TYPE_CHECKING:
    from xsim_core.artifacts import ArtifactRef, EpisodeDataset
    from xsim_core.storage import ArtifactStore, OpenArtifact


@dataclass(frozen=True)
class Import:
    """Take in a LeRobot dataset (3.0 or 2.1), so that the student can learn from it.

    What was picked and what was left is said; what does not fit is refused. The same dataset again
    is the same artifact. A room's Gaussians and an object's track come with a capture instead
    (room and track in capture.yaml).
    """

    folder: Folder
    """A folder with meta/info.json."""
    camera: Annotated[str, arg(metavar="FEATURE")] = ""
    """The pictures that the student sees; by default the only camera there is."""
    state: Features = NO_TEXTS
    """Features whose numbers are the state, joined in this order; of one with names some may be
    picked. By default observation.state."""
    action: Features = NO_TEXTS
    """Likewise; by default action."""
    instruction: Instructions = NO_TEXTS
    """Take the episodes of these instructions alone."""
    task: Annotated[str, arg(metavar="NAME")] = ""
    """What the dataset is for; by default made of its instruction."""
    size: Annotated[str, arg(metavar="HxW")] = ""
    """Bring pictures to this height and width; by default the student's, at their own aspect."""
    world: Annotated[str, arg(metavar="ARTIFACT")] = ""
    """A RUN:build_sim whose task the dataset is of, so that the student is tried in it."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Take it in; print the artifact and what was picked."""
        from flows.cli.policies.recordings import require_packages
        from tasks.settings import load_settings
        from xsim_core.artifacts import EpisodeDataset
        from xsim_core.files.folders import expanded

        require_packages("pyarrow", what="a LeRobot dataset", extra="export")
        store = load_settings().open_store()
        folder = expanded(self.folder, "the dataset")
        return self._say(store.open(self._taken_in(store, folder), EpisodeDataset))

    def _taken_in(self, store: "ArtifactStore", folder: Path) -> "ArtifactRef[EpisodeDataset]":
        from xsim_core.importers import IngestEpisodesConfig
        from xsim_core.refs import find_ref
        from xsim_core.stage import run_stage
        from xsim_core.stages import INGEST_EPISODES

        inputs = {"sim": find_ref(store, self.world)} if self.world else {}
        config = IngestEpisodesConfig.of(folder, self._picks())
        return run_stage(INGEST_EPISODES, config, store, inputs)

    def _picks(self) -> Any:
        from pydantic import ValidationError

        from xsim_core.config import refusal
        from xsim_core.errors import BadInputError
        from xsim_core.importers import Picks

        given: dict[str, Any] = {"camera": self.camera, "task": self.task}
        for name in ("state", "action", "instruction"):
            if values := getattr(self, name):
                given[name] = tuple(values)
        if self.size:
            h, x, w = self.size.partition("x")
            if not (x and h.isdecimal() and w.isdecimal() and 16 <= int(h) <= 2048 >= int(w) >= 16):
                raise BadInputError(
                    f"--size {self.size} is no HEIGHTxWIDTH such as 72x96, of 16 to 2048 pixels."
                )
            given["image_hw"] = (int(h), int(w))
        try:
            return Picks.model_validate(given)
        except ValidationError as error:
            raise BadInputError(refusal(error, "import")) from error

    def _say(self, made: "OpenArtifact[EpisodeDataset]") -> int:
        summary = made.summary
        if self.json:
            print_json({"artifact": str(made.ref), **summary.model_dump(mode="json")})
            return 0
        h, w = summary.image_hw
        print(f"{made.ref}")
        print(
            f"{summary.num_episodes} episodes of {summary.task}, {summary.num_steps} rows at "
            f"{summary.fps:g} a second, pictures {w}x{h}, robot {summary.robot}: "
            f"'{summary.instruction}'"
        )
        for note in summary.notes:
            print(f"  {note}")
        print(f"train the student on it: xsim policy train {made.ref}")
        return 0
