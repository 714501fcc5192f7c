"""``xsim track``: what a run's track is worth; a person looks at it, and decides."""

import getpass
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg, subcommand

from flows.cli.arguments import LOOPBACK, NO_TEXTS, Texts, several
from flows.cli.listening import check_address
from flows.cli.output import print_json

if TYPE_CHECKING:
    from tasks.settings import Settings
    from xsim_core.artifacts import ArtifactRef
    from xsim_core.pose_track import ReviewConfig
    from xsim_core.runs import RunRecord
    from xsim_core.storage import ArtifactStore


RunName = Annotated[Positional[str], arg(metavar="RUN")]


@dataclass(frozen=True)
class TrackReview:
    """Look at the object's track in the browser; cut it, set key poses, accept it, and say why.

    Shows the film with the mesh drawn over it, every frame's score on a timeline, and the track in
    three dimensions. Nothing is changed before it is accepted: then a track of its own is made,
    with the author's note, and a run that waits for it goes on. Of a run that was reviewed it goes
    on from what was decided: cuts, key poses and words are there. --accept or --cut decide here,
    without the page. Ctrl-C ends it without a decision.
    """

    run_name: RunName
    """The run whose track is looked at (xsim status lists them)."""
    accept: bool = False
    """Accept the track as it is, with what --cut leaves out, without opening the page."""
    cut: Annotated[Texts, several("FIRST:LAST")] = NO_TEXTS
    """Frames not to be believed, such as 40:55; both ends are cut."""
    anew: bool = False
    """Begin from the track as it was tracked, though the run has a review."""
    author: Annotated[str, arg(metavar="NAME")] = ""
    """Who decides; the user of this machine by default."""
    note: Annotated[str, arg(metavar="TEXT")] = ""
    """Why; asked for by the page, and here where there is none."""
    port: Annotated[int, arg(metavar="PORT")] = 0
    """Of this machine's own address; any free one by default. From another machine:
    ssh -L PORT:127.0.0.1:PORT."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Decide, or serve the page until somebody did."""
        from tasks.settings import load_settings

        check_address(LOOPBACK[0], self.port)
        settings = load_settings()
        store = settings.open_store()
        record = _tracked(store, self.run_name)
        made = self._decided(settings, store, record)
        if made is None:
            print("nothing was decided; the track is as it was", file=sys.stderr)
            return 130
        self._print(settings, store, record, made)
        return 0

    def _decided(
        self, settings: "Settings", store: "ArtifactStore", record: "RunRecord"
    ) -> "str | None":
        """The ref of the reviewed track; None where nobody decided."""
        from pydantic import ValidationError

        from xsim_core.config import refusal
        from xsim_core.errors import BadInputError
        from xsim_core.pose_track import ReviewConfig

        inputs = {"capture": record.stages["ingest_capture"], "track": record.stages["pose_track"]}
        author = self.author or _user()
        earlier = None if self.anew else _earlier(store, record)
        if not (self.accept or self.cut):
            return self._through_page(settings, store, inputs, author, earlier)
        try:
            decision = ReviewConfig(author=author, note=self.note, cuts=_cuts(self.cut))
        except ValidationError as error:
            raise BadInputError(refusal(error, "review")) from error
        decision = decision if earlier is None else decision.after(earlier)
        return _make(settings, store, inputs, decision)

    def _through_page(
        self,
        settings: "Settings",
        store: "ArtifactStore",
        inputs: "dict[str, ArtifactRef]",
        author: str,
        earlier: "ReviewConfig | None",
    ) -> "str | None":
        from xsim_core.artifacts import Capture, ObjectTrack
        from xsim_core.pose_track.review.reviewed_film import ReviewedFilm
        from xsim_core.pose_track.review.server import Reviewer

        capture = store.open(inputs["capture"], Capture)
        film = ReviewedFilm(capture, store.open(inputs["track"], ObjectTrack), earlier)

        def decide(decision: "ReviewConfig") -> str:
            return _make(settings, store, inputs, decision)

        page = Reviewer(film, decide, title=self.run_name, author=author, port=self.port)
        with page as reviewer:
            # Not part of what is answered, which is one JSON object at the end.
            told = sys.stderr if self.json else sys.stdout
            print(f"open {reviewer.url}\n  Ctrl-C ends it", file=told, flush=True)
            with suppress(KeyboardInterrupt):  # Raised again once the server is down.
                reviewer.serve()
        return reviewer.made

    def _print(
        self, settings: "Settings", store: "ArtifactStore", record: "RunRecord", made: str
    ) -> None:
        from flows.records.awaiting import with_review
        from xsim_core.artifacts import ObjectTrack
        from xsim_core.refs import find_ref

        summary = store.open(find_ref(store, made), ObjectTrack).summary
        is_resumed = _resumed(settings, record, made)
        # Only a run that waits goes on under its name; another one has a name of its own.
        name = record.name if record.state == "waiting" else ""
        go_on = "" if is_resumed else with_review(record.request, name, made, record.call)
        if self.json:
            said = {"track": made, "verdict": summary.verdict, "resumed": is_resumed}
            print_json({**said, "go_on": go_on})
            return
        print(f"made {made}, verdict {summary.verdict}")
        for note in summary.notes:
            print(f"  {note}")
        print(f"  {record.name} is resumed" if is_resumed else f"  go on: {go_on}")


def _tracked(store: "ArtifactStore", name: str) -> "RunRecord":
    from xsim_core.errors import BadInputError
    from xsim_core.runs import load_record

    record = load_record(store, name)
    if missing := [s for s in ("ingest_capture", "pose_track") if s not in record.stages]:
        raise BadInputError(
            f"run '{name}' has no track yet: it has not made {', '.join(missing)}. Start it "
            "again: it goes on."
        )
    return record


def _earlier(store: "ArtifactStore", record: "RunRecord") -> "ReviewConfig | None":
    """What was decided on the run's track before, if anything was."""
    from xsim_core.artifacts import ObjectTrack
    from xsim_core.pose_track.review.stage import decided_on

    reviewed = record.stages.get("review_track")
    if reviewed is None:
        return None
    track = store.open(record.stages["pose_track"], ObjectTrack)
    return decided_on(track, store.open(reviewed, ObjectTrack))


def _cuts(texts: Texts) -> tuple[tuple[int, int], ...]:
    from xsim_core.errors import BadInputError

    cuts: list[tuple[int, int]] = []
    for text in texts:
        first, colon, last = text.partition(":")
        if not (first.isdecimal() and (last.isdecimal() if colon else True)):
            raise BadInputError(f"--cut '{text}' is not FIRST:LAST, such as 40:55.")
        cuts.append((int(first), int(last or first)))
    return tuple(cuts)


def _user() -> str:
    with suppress(OSError, KeyError):  # Of no user of this machine, as in some containers.
        return getpass.getuser()
    return ""


def _make(
    settings: "Settings",
    store: "ArtifactStore",
    inputs: "dict[str, ArtifactRef]",
    decision: "ReviewConfig",
) -> str:
    from xsim_core.stage import run_stage
    from xsim_core.stages import REVIEW_TRACK

    return str(run_stage(REVIEW_TRACK, decision, store, inputs, runtime=settings.runtime))


def _resumed(settings: "Settings", record: "RunRecord", made: str) -> bool:
    """Whether a flow run was suspended for it, which goes on now."""
    from flows.prefect_server.server import find_server, use_server

    if record.state != "waiting" or record.awaits_what != "review" or not record.flow_run_url:
        return False
    server = find_server(settings.home)
    if server is None:
        return False
    use_server(settings.home, server)
    from flows.prefect_server.suspension import go_on_reviewed

    return go_on_reviewed(record, made)


@dataclass(frozen=True)
class TrackVerdict:
    """Whether a run's track is good enough to learn from, and why."""

    run_name: RunName
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Print."""
        from tasks.settings import load_settings
        from xsim_core.artifacts import ObjectTrack

        store = load_settings().open_store()
        stages = _tracked(store, self.run_name).stages
        track = stages.get("review_track", stages["pose_track"])
        summary = store.open(track, ObjectTrack).summary
        review = summary.review
        if self.json:
            said = {"track": str(track), "verdict": summary.verdict, "notes": summary.notes}
            print_json({**said, "review": None if review is None else review.model_dump()})
            return 0
        print(f"{track}: {summary.verdict or 'not judged: older code made it'}")
        for note in summary.notes:
            print(f"  {note}")
        return 0


@dataclass(frozen=True)
class TrackCommands:
    """What a run's track is worth; look at it, and decide."""

    action: (
        Annotated[TrackReview, subcommand("review")]
        | Annotated[TrackVerdict, subcommand("verdict")]
    )

    def run(self) -> int:
        """Run the chosen action."""
        return self.action.run()
