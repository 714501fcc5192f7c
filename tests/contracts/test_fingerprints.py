"""What stages' artifacts are called today: whoever changes a name here loses what was stored.

A stage that means something else has a new version; a default that changes is said in CHANGELOG.md.
"""

import pytest

from xsim_core.artifacts import ArtifactRef
from xsim_core.presets import pipeline_config
from xsim_core.stage import fingerprint
from xsim_core.stages import EVALUATE, SIDE_STAGES, STAGES, get_stage

PINNED = {
    "ingest_capture": "9254355924222072b65c02fa",
    "ingest_truth": "94c340822473102983d80447",
    "ingest_world": "24e0648302690a723b911b81",
    "scan": "5df6ce0b720635a522d7423a",
    "splat": "a12434ebbe64d7a0f45d21f6",
    "pose_track": "9589a559b4a81d3cd4d729da",
    "build_sim": "c382244833711a8872d04760",
    "ppo": "c71b70607a2daba54841d947",
    "render_dataset": "3c29299b70d8ac849568e415",
    "diffusion": "ecfa3ef6d11ad82eeb16e556",
    "deploy": "f3774a9dea6bb28426f4ecaa",
    "calibrate": "90e76db7c34c4f6aab30598d",
    "evaluate": "6eb559605ee8df690ab9f523",
    "collect_rollouts": "520e7d4138de19a792eb0d78",
    "render_shard": "7eef04eabf88a28998b7a487",
    "ingest_rollouts": "c382b24a436a721d366bc840",
    "ingest_episodes": "e08f9ad3e81ccd22e4ffe43c",
    "compare_rollouts": "83eebed9ab39e760553e066d",
    "review_track": "eac51e8d5d8fd67a5a3bb102",
    "gap_rung": "3de16fb71f15972af3fc1538",
}


def ref_of(name: str) -> str:
    stage = get_stage(name)
    made = pipeline_config().model_dump().keys()
    config = (
        getattr(pipeline_config(), name)
        if name in made
        else stage.config(sources=("x",), content_digest="ab" * 32)
        if name == "ingest_rollouts"
        else stage.config(source="x", content_digest="ab" * 32)
        if name.startswith("ingest")
        else pipeline_config().render_dataset
        if name == "collect_rollouts"
        else stage.config(author="Ada", note="looked at it", cuts=((3, 4),))
        if name == "review_track"
        else stage.config()
        if name in ("gap_rung", "compare_rollouts")
        else stage.config(**dict(pipeline_config().render_dataset), shard=1, num_shards=3)
    )
    inputs = {
        given: ArtifactRef(kind=kind.kind, fingerprint=f"{k:024x}")
        for k, (given, kind) in enumerate(sorted(stage.inputs.items()))
    }
    return fingerprint(stage, config, inputs)


@pytest.mark.parametrize("name", [s.name for s in (*STAGES, *SIDE_STAGES)])
def test_a_fixed_recipe_keeps_its_name(name):
    assert ref_of(name) == PINNED[name]


def test_evaluate_without_rollouts_is_what_it_is_without_that_input():
    taken = sorted(set(EVALUATE.inputs) - {"rollouts"})
    inputs = {
        given: ArtifactRef(kind=EVALUATE.inputs[given].kind, fingerprint=f"{k:024x}")
        for k, given in enumerate(taken)
    }
    found = fingerprint(EVALUATE, pipeline_config().evaluate, inputs)
    assert found == "0d63d27efac53c1b2b9a6f7a"
