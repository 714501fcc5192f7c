"""flows/pipeline.py: which student is let act and calibrated, round by round."""

from flows import pipeline
from flows.sources import Sources
from xsim_core.artifacts import ArtifactRef
from xsim_core.presets import pipeline_config
from xsim_core.stage import output_ref


def refs(*kinds):
    return [ArtifactRef(kind=kind, fingerprint=f"{k:064x}") for k, kind in enumerate(kinds)]


TRAINED = pipeline.Trained(
    *refs("sim_world", "teacher_policy", "episode_dataset", "student_policy")
)
INGESTED = pipeline.Ingested(*refs("capture", "ground_truth", "real_world"))


class Noted(list):
    """An executor that makes nothing and keeps what it was asked for."""

    def __call__(self, stage, config, **inputs):
        ref = output_ref(stage, config, {k: v for k, v in inputs.items() if v is not None})
        self.append((stage.name, config, inputs, ref))
        return ref


def calibrated(**deploy):
    asked = Noted()
    config = pipeline_config(overrides={"deploy": {"num_rollouts": 4, "seed": 100, **deploy}})
    return asked, pipeline.calibrated(asked, config, TRAINED, INGESTED)


def test_each_round_deploys_the_student_that_the_round_before_calibrated():
    asked, best = calibrated(num_rounds=3)
    assert [name for name, *_ in asked] == ["deploy", "calibrate"] * 3
    deployed, calibrations = asked[::2], asked[1::2]
    assert [config.seed for _, config, _, _ in deployed] == [100, 104, 108]
    students = [TRAINED.student, *(ref for *_, ref in calibrations)]
    for k, ((*_, given, rollouts), (*_, learnt_from, _)) in enumerate(
        zip(deployed, calibrations, strict=True)
    ):
        assert given["student"] == learnt_from["student"] == students[k]
        assert learnt_from["rollouts"] == rollouts
    assert best == students[-1]


def test_a_further_round_makes_none_of_those_before_anew():
    once, _ = calibrated()
    twice, _ = calibrated(num_rounds=2)
    assert [ref for *_, ref in once] == [ref for *_, ref in twice[:2]]


def test_rollouts_that_were_brought_are_calibrated_with_and_have_their_row():
    (rollouts,) = refs("real_rollouts")
    sources = Sources.model_construct(given_rollouts=rollouts, rollouts=None, deploy="robot")
    found = pipeline.Reconstruction(*refs("posed_images", "splat_scene", "object_track"))
    asked = Noted()
    pipeline.sim_to_real(asked, pipeline_config(), found, TRAINED, INGESTED, sources)
    assert [name for name, *_ in asked] == ["calibrate", "evaluate"]
    (_, _, learnt_from, made), (_, _, tried, _) = asked
    assert learnt_from["rollouts"] == tried["rollouts"] == rollouts
    assert tried["calibrated"] == made


def test_without_any_evaluate_is_what_it_was():
    found = pipeline.Reconstruction(*refs("posed_images", "splat_scene", "object_track"))
    asked = Noted()
    pipeline.sim_to_real(asked, pipeline_config(), found, TRAINED, INGESTED)
    (*_, (name, _, tried, _)) = asked
    assert (name, tried["rollouts"]) == ("evaluate", None)
