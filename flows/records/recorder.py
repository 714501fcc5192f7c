"""What a run writes down as it goes on: ``runs/<name>.json``, which keeps what it names."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tasks.engine.observer import Observer
from xsim_core.artifacts import Artifact, ArtifactRef, Manifest
from xsim_core.config import FrozenModel, StageConfig
from xsim_core.errors import CorruptArtifactError, MissingArtifactError, StoreUnreachableError
from xsim_core.runs import RunRecord, ending_of, save_record
from xsim_core.stage import Stage, output_ref
from xsim_core.stages import other_maker
from xsim_core.storage import ArtifactStore, read_record

from .at_work import WorkNote

Ref = ArtifactRef
Out = TypeVar("Out", bound=Artifact)


@dataclass
class Recorder:
    """Writes ``runs/<name>.json`` after every stage, so that a broken run can be looked at."""

    store: ArtifactStore
    record: RunRecord
    _written: dict[str, Any] | None = None
    note: WorkNote = field(init=False)
    """What keeps what is made here, until the run ends."""

    def __post_init__(self) -> None:
        self.note = WorkNote(self.store, self.record.name)

    def settled(
        self,
        stage: Stage[Out],
        config: FrozenModel,
        given: dict[str, Ref],
        made: ArtifactRef[Out],
        observer: Observer,
    ) -> ArtifactRef[Out]:
        """Note that the stage's artifact is there; answers what the stages after it stand on."""
        ref = unless_the_same(self.store, stage, config, given, made)
        if ref != made:
            observer.noted(stage.name, ["made anew, it is the same to the byte: what was is kept"])
        manifest = self.store.manifest(ref)
        self.add(stage.name, ref, other_code=stage.other_maker(manifest) if manifest else "")
        return ref

    def add(self, stage: str, ref: Ref, *, other_code: str = "") -> None:
        """Note that the stage's artifact is there, and what other code made it."""
        said = {**self.record.other_code, **({stage: other_code} if other_code else {})}
        self.update(stages={**self.record.stages, stage: ref}, other_code=said)

    def stopped(self, stage: str, error: BaseException) -> None:
        """Note that the stage stopped short, and how."""
        if isinstance(error, StoreUnreachableError):
            return  # It would not take the note either, after as long a wait.
        # A store that cannot even take the note must not hide why the stage failed.
        with suppress(Exception):
            self.update(unfinished={**self.record.unfinished, stage: ending_of(error)})

    def completed(self, **fields: Any) -> None:
        """Note that all is done; what the run named before and still stands counts as its own."""
        former, own = self.record.former, self._of_the_same_chain()
        names = former | self.record.stages  # In the order in which they finished.
        stages = {s: ref for s, ref in names.items() if s in self.record.stages or s in own}
        rest = {s: r for s, r in former.items() if s not in stages}
        said = {stage: by for stage, manifest in own.items() if (by := other_maker(manifest))}
        self.update(
            state="completed",
            stages=stages,
            former=rest,
            other_code=said | self.record.other_code,
            **fields,
        )

    def _of_the_same_chain(self) -> dict[str, Manifest]:
        """What the run had made after the stages that it now came to, if it was made from these.

        What an earlier content of its capture became is none of it.
        """
        stages, former = self.record.stages, self.record.former
        if stages | former != former | stages:
            return {}
        found = {
            s: m for s, ref in former.items() if s not in stages and (m := self.store.manifest(ref))
        }
        chain = set((former | stages).values())
        return found if all(chain.issuperset(m.inputs.values()) for m in found.values()) else {}

    def _stands(self, ref: Ref) -> bool:
        with suppress(CorruptArtifactError):
            return self.store.manifest(ref) is not None
        return True  # A damaged one is there, and named.

    def update(self, **fields: Any) -> None:
        """Change fields of the record and write it; what another had written is named further on.

        That is the run's own from before, or of the same request at work elsewhere.
        """
        path = f"runs/{self.record.name}.json"
        theirs = None
        with suppress(CorruptArtifactError):
            if self.store.get_record(path) != self._written:
                theirs = read_record(self.store, path, RunRecord)
        if theirs is not None:
            mine = fields.get("former", self.record.former)
            # Theirs is the newer knowledge. What they dropped may have been swept since.
            former = {**mine, **theirs.former, **theirs.stages}
            fields["former"] = {s: ref for s, ref in former.items() if self._stands(ref)}
        self.record = self.record.model_copy(update=fields)
        self.note.add(self.record.stages.values())
        save_record(self.store, self.record)
        self._written = self.record.model_dump(mode="json")


def unless_the_same(
    store: ArtifactStore,
    stage: Stage[Out],
    config: FrozenModel,
    given: dict[str, Ref],
    made: ArtifactRef[Out],
) -> ArtifactRef[Out]:
    """What was made anew; what was there before, if the two are the same to the byte.

    What stands on it then need not be made anew.
    """
    if not (isinstance(config, StageConfig) and config.anew):
        return made
    before = output_ref(stage, config.model_copy(update={"anew": ""}), given)
    pair = (store.manifest(before), store.manifest(made))
    if pair[0] is None or pair[1] is None or pair[0].content != pair[1].content:
        return made
    try:
        return before if store.claim(before) else made
    except MissingArtifactError:  # A sweep is just removing it.
        return made
