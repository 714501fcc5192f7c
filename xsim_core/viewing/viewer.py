"""A page in the browser for an artifact or a whole run."""

import contextlib
import io
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, RLock
from typing import TYPE_CHECKING, Any

from xsim_core.artifacts import (
    ArtifactRef,
    Capture,
    EpisodeDataset,
    Evaluation,
    ObjectTrack,
    PosedImages,
    RealRollouts,
    SimWorld,
    SplatScene,
)
from xsim_core.artifacts.base import A
from xsim_core.errors import BadInputError
from xsim_core.exporters.source import Source
from xsim_core.geometry import TexturedMesh
from xsim_core.sim.task import TaskSpec
from xsim_core.storage import ArtifactStore, OpenArtifact

from .episodes import show_background, show_dataset, show_sim
from .layers import show_images, show_scene, show_track
from .robot import Robot
from .rollouts import GROUP as ROLLOUT_GROUP, show_films, show_rollouts
from .timeline import Timeline

if TYPE_CHECKING:
    import viser

VIEWABLE: Mapping[str, str] = {
    SplatScene.kind: "the room",
    PosedImages.kind: "where the photos were taken",
    SimWorld.kind: "the task in simulation",
    ObjectTrack.kind: "the object's motion in the film",
    EpisodeDataset.kind: "what the student learns from",
    RealRollouts.kind: "what the student did where it was deployed",
    Evaluation.kind: "the films that the evaluation kept",
}
"""Kinds that can be looked at, and what they show."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "room: splats": ("/room/splat",),
    "room: mesh": ("/room/mesh",),
    "room: collision pieces": ("/room/collision",),
    "photos": ("/photos",),
    "film: object": ("/film/object",),
    "film: path, camera": ("/film/path", "/film/camera"),
    "task: object": ("/task/object",),
    "task: its collision pieces": ("/task/object/collision",),
    "task: goals": ("/task/goals",),
    "task: workspace": ("/task/workspace",),
    "episode: object, camera": ("/episode",),
    ROLLOUT_GROUP: ("/rollout",),
    "robot": ("/robot",),
}
"""What can be shown and hidden, and the nodes of the scene behind it."""
LOOK_FROM_M, LOOK_AT_M = (1.5, -0.9, 1.0), (0.45, 0.0, 0.1)
"""Across the table at the workspace of a Panda at the origin."""
MAX_FPS = 60.0


@contextlib.contextmanager
def open_viewer(
    store: ArtifactStore,
    refs: Sequence[ArtifactRef],
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    title: str = "X-Sim",
) -> "Generator[Viewer]":
    """Serve a page that shows these artifacts together, until the block ends.

    Args:
        store: with them.
        refs: at least one of a kind in ``VIEWABLE``; others are passed over.
        host: where to listen. The page asks for no key: whoever reaches it sees it.
        port: a free one above it is taken where it is not free.
        title: of the page.

    Raises:
        BadInputError: when none of them can be looked at.
    """
    import viser

    shown = [ref for ref in refs if ref.kind in VIEWABLE]
    if not shown:
        kinds = ", ".join(sorted({ref.kind for ref in refs})) or "nothing"
        raise BadInputError(f"there is {kinds}; what can be looked at: {', '.join(VIEWABLE)}.")
    opened = {ref.kind: store.open(ref) for ref in shown}
    with contextlib.redirect_stdout(io.StringIO()):  # Its banner says other addresses.
        server = viser.ViserServer(host=host, port=port, label=title, verbose=False)
    try:
        server.gui.configure_theme(show_share_button=False, control_layout="collapsible")
        server.scene.set_up_direction("+z")
        server.initial_camera.position, server.initial_camera.look_at = LOOK_FROM_M, LOOK_AT_M
        timelines = _fill(server, opened, store)
        viewer = Viewer(server, timelines, f"http://{host}:{server.get_port()}")
        viewer.add_controls([f"**{VIEWABLE[kind]}**: `{a.ref}`" for kind, a in opened.items()])
        yield viewer
    finally:
        with contextlib.redirect_stdout(io.StringIO()):
            server.stop()


def _found(opened: Mapping[str, OpenArtifact], kind: type[A]) -> OpenArtifact[A] | None:
    artifact = opened.get(kind.kind)
    return None if artifact is None else artifact.of(kind)


def _fill(
    server: "viser.ViserServer", opened: Mapping[str, OpenArtifact], store: ArtifactStore
) -> list[Timeline]:
    """Everything into the scene; what moves is answered."""
    robot, timelines = Robot(), list[Timeline]()
    scene, images = _found(opened, SplatScene), _found(opened, PosedImages)
    sim, track = _found(opened, SimWorld), _found(opened, ObjectTrack)
    dataset, rollouts = _found(opened, EpisodeDataset), _found(opened, RealRollouts)
    world = sim
    if world is None and dataset is not None:
        world = Source(dataset, store).made_from(SimWorld)
    if world is None and rollouts is not None:
        world = Source(rollouts, store).made_from(SimWorld)
    if scene is not None:
        show_scene(server, scene)
    elif world is not None:
        show_background(server, world)
    if images is not None:
        show_images(server, images)
    if sim is not None:
        show_sim(server, sim, robot)
    if track is not None:
        timelines += show_track(server, track, Source(track, store).made_from(Capture))
    if dataset is not None:
        mesh = None if world is None else TexturedMesh.from_arrays(world.arrays("object"))
        timelines += show_dataset(server, dataset, robot, mesh)
    if rollouts is not None:
        task = None if world is None else TaskSpec.model_validate(world.summary.task_spec)
        timelines += show_rollouts(server, rollouts, robot, task)
    if (evaluation := _found(opened, Evaluation)) is not None:
        timelines += show_films(evaluation)
    return timelines


@dataclass
class Viewer:
    """A page that is being served."""

    server: "viser.ViserServer"
    timelines: Sequence[Timeline]
    url: str
    _chosen: int = 0
    _controls: dict[str, Any] = field(default_factory=dict)
    _boxes: dict[str, Any] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def add_controls(self, told: Sequence[str]) -> None:
        """Boxes that show and hide, and a slider for what moves.

        Args:
            told: lines in Markdown on what is shown.
        """
        gui = self.server.gui
        with gui.add_folder("Shown"):
            for name, nodes in GROUPS.items():
                self._add_group(name, nodes)
        if self.timelines:
            with gui.add_folder("Played"):
                self._add_player()
        with gui.add_folder("Artifacts", expand_by_default=False):
            gui.add_markdown("\n\n".join(told))

    def _add_group(self, name: str, nodes: tuple[str, ...]) -> None:
        found = [self.server.scene.get_handle_by_name(node) for node in nodes]
        handles = [handle for handle in found if handle is not None]
        if not handles:
            return
        box = self._boxes[name] = self.server.gui.add_checkbox(name, handles[0].visible)

        @box.on_update
        def _(_event: Any) -> None:
            for handle in handles:
                handle.visible = box.value

    def _add_player(self) -> None:
        gui, first = self.server.gui, self.timelines[0]
        choice = gui.add_dropdown("of", [t.name for t in self.timelines])
        step = gui.add_slider("step", 0, first.num_steps - 1, 1, 0)
        play = gui.add_checkbox("play", initial_value=False)
        told = gui.add_markdown("")
        self._controls = {"of": choice, "step": step, "play": play, "told": told}
        if any(t.picture for t in self.timelines):
            blank = next(t.picture for t in self.timelines if t.picture)(0)
            self._controls["picture"] = gui.add_image(blank, format="jpeg")

        @choice.on_update
        def _(_event: Any) -> None:
            number = [t.name for t in self.timelines].index(choice.value)
            if number != self._chosen:
                self.choose(number)

        @step.on_update
        def _(_event: Any) -> None:
            self.show(int(step.value))

        if "task: object" in self._boxes:  # It would stand in the moving one's way.
            self._boxes["task: object"].value = False
        self.choose(0)

    def choose(self, number: int) -> None:
        """Go to the beginning of another timeline, and show what belongs to it alone."""
        with self._lock:
            self._chosen = number
            self._controls["of"].value = self.timelines[number].name
            for name in {name for t in self.timelines for name in t.groups}:
                self._boxes[name].value = name in self.timelines[number].groups
            step = self._controls["step"]
            step.value = 0
            step.max = self.timelines[number].num_steps - 1
            self.show(0)

    def show(self, step: int) -> None:
        """Put everything where it is at a step of the timeline."""
        with self._lock, self.server.atomic():
            timeline = self.timelines[self._chosen]
            step = min(step, timeline.num_steps - 1)
            timeline.show(step)
            if timeline.picture is not None:
                self._controls["picture"].image = timeline.picture(step)
            self._controls["told"].content = timeline.told(step) if timeline.told else ""

    def run(self, ended: Event) -> None:
        """Play what is to be played, until ``ended`` is set."""
        while not ended.is_set():
            began_s, period_s = time.monotonic(), 0.2
            if self.timelines and self._controls["play"].value:
                timeline, step = self.timelines[self._chosen], self._controls["step"]
                step.value = (int(step.value) + 1) % timeline.num_steps
                period_s = 1 / min(MAX_FPS, max(1.0, timeline.fps))
            ended.wait(max(0.005, began_s + period_s - time.monotonic()))
