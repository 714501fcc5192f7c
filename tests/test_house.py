"""Every module has a test of its name, or a line here: CONVENTIONS.md and docs/decisions/015."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("xsim_core", "tasks", "flows")

# Modules without a test of their name, by the tests that go through them. A module that computes or
# decides something not obvious gets its own (tests mirror the packages, tests/flows all of
# flows); what stands here holds fields, words, glue, or one step that its stage's tests measure.
ELSEWHERE = {
    # Fields with their defaults; what they mean is tested where it is done.
    "tests/contracts/test_fingerprints.py": """
        xsim_core/build_sim/config xsim_core/evaluate/config
        xsim_core/gap/config xsim_core/policies/config xsim_core/sim/dagger/config
        xsim_core/deploy/config xsim_core/pose_track/config
        xsim_core/ppo/config xsim_core/render_dataset/config xsim_core/scan/config
        xsim_core/splat/config xsim_core/tracking/config xsim_core/config
        xsim_core/artifacts/kinds/captures xsim_core/artifacts/kinds/episodes
        xsim_core/artifacts/kinds/evaluation xsim_core/artifacts/kinds/mesh
        xsim_core/artifacts/kinds/policies xsim_core/artifacts/kinds/reconstruction
        xsim_core/artifacts/kinds/simulation""",
    "tests/test_stages.py": "xsim_core/presets xsim_core/named flows/sources",
    "tests/test_stage.py": "xsim_core/artifacts/base xsim_core/storage/runtime",
    "tests/storage/test_verified.py": "xsim_core/artifacts/schema xsim_core/storage/reader",
    "tests/test_scratch.py": "xsim_core/files/cache",
    "tests/film/odometry/test_follow.py": """
        xsim_core/film/odometry/features xsim_core/film/odometry/locate""",
    "tests/render/furniture/test_textures.py": """
        xsim_core/render/furniture/cloth xsim_core/render/furniture/fronts
        xsim_core/render/furniture/prints xsim_core/render/furniture/wood""",
    "tests/pose_track/review/test_stage.py": """
        xsim_core/pose_track/finish xsim_core/pose_track/review/config
        xsim_core/pose_track/review/track_again""",
    "tests/pose_track/review/test_server.py": "xsim_core/pose_track/review/reviewed_film",
    "tests/flows/test_review.py": "flows/cli/runs/track",
    "tests/capture/annotate/test_annotate.py": """
        xsim_core/pages/served
        flows/cli/capture/annotate xsim_core/capture/annotate/film
        xsim_core/capture/annotate/server""",
    "tests/capture/place/moving/test_camera_motion.py": """
        xsim_core/capture/place/moving/anchor xsim_core/capture/place/moving/seen_path""",
    "tests/capture/place/moving/test_path_in_file.py": """
        xsim_core/capture/place/moving/given_path xsim_core/capture/place/moving/path_fit""",
    "tests/capture/readers/rooms/test_read_room.py": """
        xsim_core/capture/readers/rooms/gaussians xsim_core/capture/place/room_spec""",
    "tests/scan/test_file_room.py": "xsim_core/capture/gates/room_file",
    "tests/capture/readers/camera_paths/test_of_film.py": """
        xsim_core/capture/readers/camera_paths/forms""",
    # Sentences; each is asked for by the test of what raises it.
    "tests/flows/cli/test_cli.py": """
        xsim_core/errors flows/cli/main flows/cli/output flows/cli/problems
        flows/cli/artifacts/look flows/cli/artifacts/store flows/cli/runs/reports
        flows/cli/runs/run flows/cli/runs/status flows/cli/orchestration/deploy
        flows/cli/orchestration/inbox flows/cli/orchestration/server
        flows/cli/doctor/command flows/cli/doctor/finding""",
    "tests/api/test_door.py": """
        xsim_core/api/dataset xsim_core/api/evaluation xsim_core/api/policy xsim_core/api/scene
        xsim_core/api/track xsim_core/api/windows""",
    # Formats of other tools, each with the export around it.
    "tests/exporters/test_write.py": "xsim_core/exporters/formats xsim_core/exporters/source",
    "tests/exporters/test_datasets.py": """
        xsim_core/exporters/datasets/diffusion_policy xsim_core/exporters/datasets/episodes
        xsim_core/exporters/datasets/lerobot xsim_core/exporters/datasets/lerobot_statistics
        xsim_core/exporters/datasets/lerobot_table
        xsim_core/exporters/datasets/robomimic""",
    "tests/serving/test_server.py": "xsim_core/serving/answers xsim_core/serving/probe",
    "tests/flows/cli/test_policy_commands.py": "flows/cli/policies/policy",
    "tests/exporters/test_physics_files.py": "xsim_core/exporters/rigid_body",
    "tests/exporters/test_trajectories.py": "xsim_core/exporters/npy xsim_core/exporters/tum",
    "tests/importers/test_ingest.py": """
        xsim_core/importers/lerobot/choose xsim_core/importers/lerobot/layout
        xsim_core/importers/lerobot/read xsim_core/importers/lerobot/rows
        xsim_core/importers/config xsim_core/api/importing xsim_core/api/training""",
    "tests/rollouts/test_dataset.py": """
        xsim_core/rollouts/dataset/columns xsim_core/rollouts/dataset/numbers
        xsim_core/rollouts/dataset/read xsim_core/rollouts/dataset/sidecar
        xsim_core/rollouts/picks xsim_core/importers/lerobot/grids""",
    "tests/flows/cli/test_import.py": """
        flows/cli/artifacts/importing flows/cli/policies/train""",
    "tests/exporters/test_rlds.py": "xsim_core/exporters/datasets/tf_records",
    "tests/exporters/test_policy_folder.py": "xsim_core/exporters/robot_words",
    "tests/flows/cli/test_export.py": "xsim_core/api/exporting",
    # Steps of a stage, or of its picture.
    "tests/build_sim/test_build.py": "xsim_core/build_sim/collision xsim_core/sim/open",
    "tests/calibrate/test_calibrate.py": """
        xsim_core/calibrate/build_pairs xsim_core/calibrate/figures xsim_core/calibrate/trials""",
    "tests/diffusion/test_train.py": "xsim_core/diffusion/trials",
    "tests/evaluate/test_evaluate.py": "xsim_core/evaluate/trials",
    "tests/pose_track/test_track.py": """
        xsim_core/pose_track/_cpu xsim_core/pose_track/world_track
        xsim_core/tracking/overlay""",
    "tests/pose_track/test_disturbed.py": "xsim_core/pose_track/video xsim_core/film/frames",
    "tests/film/test_camera_path.py": "xsim_core/film/gates",
    "tests/capture/readers/posed/test_nerfstudio.py": """
        xsim_core/capture/readers/posed/cameras xsim_core/capture/readers/posed/posed_photos""",
    "tests/scan/test_film_room.py": "xsim_core/film/background",
    "tests/pose_track/test_file.py": "xsim_core/pose_track/verified",
    "tests/reconstruct/test_reconstruct.py": """
        xsim_core/reconstruct/follow xsim_core/reconstruct/paint""",
    "tests/reconstruct/test_volume.py": "xsim_core/reconstruct/close",
    "tests/capture/readers/tracks/test_of_film.py": """
        xsim_core/capture/readers/tracks/forms xsim_core/capture/readers/tracks/rigid
        xsim_core/capture/readers/tracks/spec""",
    "tests/tracking/test_kernel.py": """
        xsim_core/tracking/kernel/calls xsim_core/tracking/kernel/structures""",
    "tests/tracking/test_tracker.py": """
        xsim_core/tracking/fitting xsim_core/tracking/initialisation/initialise
        xsim_core/tracking/tracked_pose""",
    "tests/ppo/test_update.py": "xsim_core/ppo/checkpoint",
    "tests/ppo/test_batched.py": """
        xsim_core/ppo/env_processes xsim_core/ppo/episodes xsim_core/ppo/teacher_envs
        xsim_core/ppo/vector_env""",
    "tests/ppo/test_train_env.py": "xsim_core/ppo/trainer",
    "tests/render_dataset/test_render.py": """
        xsim_core/render_dataset/collect xsim_core/render_dataset/frames
        xsim_core/render_dataset/shards xsim_core/sim/vision/render_pool""",
    "tests/scan/test_sfm.py": "xsim_core/scan/_colmap",
    "tests/splat/test_fit.py": "xsim_core/splat/train",
    # Three ways to the same picture, compared with each other.
    "tests/rasterize/test_render.py": """
        xsim_core/rasterize/_build xsim_core/rasterize/_cpp xsim_core/rasterize/_gsplat
        xsim_core/rasterize/_reference""",
    "tests/policies/test_student.py": "xsim_core/geometry/tensors",
    "tests/policies/networks/test_networks.py": """
        xsim_core/policies/networks/base xsim_core/policies/networks/encoder
        xsim_core/policies/networks/resnet xsim_core/policies/networks/small
        xsim_core/policies/networks/transformer xsim_core/policies/networks/unet
        xsim_core/policies/objective""",
    "tests/sim/test_env.py": """
        xsim_core/sim/bodies xsim_core/sim/maniskill/norender xsim_core/sim/privileged
        xsim_core/sim/episode/step""",
    "tests/sim/test_reward.py": "xsim_core/sim/maniskill/batch_reward",
    "tests/sim/episode/test_starts.py": "xsim_core/sim/assets",
    "tests/sim/vision/test_image_pool.py": """
        xsim_core/sim/vision/image_worker xsim_core/sim/vision/rollout""",
    "tests/render/test_room.py": "xsim_core/render/furniture/rooms xsim_core/render/panda",
    "tests/render/test_shaders.py": "xsim_core/render/meshes xsim_core/render/scene",
    "tests/render/test_shapes.py": "xsim_core/render/textures",
    "tests/film/test_moved_away.py": "xsim_core/film/revealed",
    "tests/capture/gates/test_agreement.py": "xsim_core/checks/object_box",
    "tests/tracking/test_raycast.py": "xsim_core/geometry/mesh",
    "tests/world/test_world.py": """
        xsim_core/world/open xsim_core/world/robot xsim_core/world/spec""",
    # A capture, made and read: formats and readers in files that other programs wrote.
    "tests/capture/synthetic/test_synthesize.py": """
        xsim_core/capture/layout xsim_core/capture/synthetic/rendering
        xsim_core/capture/synthetic/scenario xsim_core/capture/synthetic/studio""",
    "tests/capture/synthetic/test_motion.py": "xsim_core/capture/synthetic/hand",
    "tests/capture/test_ingest.py": """
        xsim_core/capture/gates/first_frame xsim_core/capture/previews
        xsim_core/capture/readers/synthesised""",
    "tests/capture/hand_eye/test_solve.py": "xsim_core/capture/hand_eye/closed_form",
    "tests/capture/hand_eye/test_calibrate.py": "flows/cli/capture/command",
    "tests/capture/recognise/test_look.py": """
        xsim_core/capture/recognise/films xsim_core/capture/recognise/markers
        xsim_core/capture/recognise/masks xsim_core/capture/recognise/matrices
        xsim_core/capture/recognise/meshes xsim_core/capture/recognise/photos
        xsim_core/capture/recognise/paths xsim_core/capture/recognise/poses
        xsim_core/capture/recognise/tree""",
    "tests/capture/propose/test_proposal.py": """
        xsim_core/capture/recognise/facts xsim_core/capture/propose/missing
        xsim_core/capture/propose/place xsim_core/capture/propose/text""",
    "tests/capture/propose/test_writing.py": "xsim_core/capture/propose/picture",
    "tests/capture/gates/test_examine.py": """
        xsim_core/capture/gates/parts xsim_core/capture/gates/stated
        xsim_core/capture/gates/words""",
    "tests/flows/cli/test_capture_check.py": "flows/cli/capture/check",
    "tests/flows/cli/test_capture_init.py": "flows/cli/capture/init",
    "tests/flows/cli/test_capture_record.py": "flows/cli/capture/record",
    "tests/robots/safety/test_motion.py": "xsim_core/robots/safety/limits",
    "tests/robots/safety/test_layer.py": "xsim_core/robots/driver",
    "tests/robots/wire/test_server.py": """
        xsim_core/robots/wire/remote xsim_core/robots/wire/messages
        xsim_core/robots/mujoco_robot/robot xsim_core/serving/admission""",
    "tests/robots/test_rollout.py": "xsim_core/robots/sight xsim_core/robots/safety/stream",
    "tests/robots/cameras/test_realsense.py": """
        xsim_core/robots/cameras/camera xsim_core/robots/cameras/realsense_streams""",
    "tests/robots/mujoco_robot/test_arm.py": """
        xsim_core/robots/mujoco_robot/eye xsim_core/robots/mujoco_robot/model
        xsim_core/robots/mujoco_robot/panda xsim_core/robots/mujoco_robot/person
        xsim_core/robots/mujoco_robot/scene""",
    "tests/rollouts/test_ingest.py": """
        flows/cli/policies/recordings xsim_core/rollouts/apart xsim_core/rollouts/config
        xsim_core/rollouts/read xsim_core/rollouts/recorded_policy
        xsim_core/rollouts/recordings""",
    "tests/rollouts/test_compare.py": """
        flows/cli/policies/compare flows/cli/policies/robots xsim_core/rollouts/decision""",
    "tests/flows/cli/test_robot_commands.py": """
        flows/cli/policies/robot flows/cli/policies/on_robot flows/cli/policies/serve_robot
        xsim_core/robots/session xsim_core/robots/deploy_scene""",
    "tests/robots/hardware/test_open.py": "xsim_core/robots/hardware/packages",
    "tests/viewing/test_viewer.py": """
        xsim_core/viewing/layers xsim_core/viewing/episodes xsim_core/viewing/robot
        xsim_core/viewing/rollouts xsim_core/viewing/timeline flows/cli/runs/view""",
    "tests/capture/place/test_matrix_file.py": """
        xsim_core/capture/place/pose_tree xsim_core/capture/place/shapes""",
    "tests/capture/place/test_resolve.py": """
        xsim_core/capture/place/other_sources xsim_core/capture/place/spec
        xsim_core/film/camera_place""",
    "tests/capture/place/test_tag_layout.py": "xsim_core/geometry/tag_spec xsim_core/geometry/tags",
    "tests/capture/readers/test_apart.py": """
        xsim_core/capture/readers/child xsim_core/capture/readers/limited""",
    "tests/capture/readers/test_lens.py": "xsim_core/capture/librealsense",
    "tests/capture/readers/test_photos.py": "xsim_core/capture/readers/images",
    "tests/capture/readers/folders/test_rgbd_folder.py": """
        xsim_core/capture/readers/video xsim_core/capture/readers/folders/depth_images""",
    "tests/capture/readers/folders/test_layouts.py": """
        xsim_core/capture/readers/folders/bop_scene xsim_core/capture/readers/folders/names
        xsim_core/capture/readers/folders/tum""",
    "tests/capture/readers/meshes/test_mesh.py": """
        xsim_core/capture/readers/meshes/colours xsim_core/capture/readers/meshes/linked_files""",
    "tests/capture/readers/recordings/test_recordings.py": """
        xsim_core/capture/formats xsim_core/capture/readers/recordings/realsense_bag
        xsim_core/capture/readers/recordings/realsense_files
        xsim_core/capture/readers/recordings/realsense_playback
        xsim_core/capture/readers/recordings/ros_image
        xsim_core/capture/readers/recordings/streams""",
    # The store, whole: in folders, S3 servers, failing disks and networks.
    "tests/storage/test_s3_store.py": """
        xsim_core/storage/bucket xsim_core/storage/object_store/backends
        xsim_core/storage/object_store/objects xsim_core/storage/object_store/patience
        xsim_core/storage/object_store/probe
        xsim_core/storage/object_store/refusals""",
    "tests/storage/test_address.py": "xsim_core/files/folders xsim_core/storage/object_store/disk",
    "tests/storage/test_first_answer.py": "xsim_core/storage/object_store/endpoint",
    "tests/storage/test_untrusted.py": "xsim_core/storage/object_store/payload",
    "tests/storage/test_frames.py": "xsim_core/storage/writer",
    "tests/storage/test_verify.py": "xsim_core/storage/commit",
    "tests/storage/sweeper/test_collect_machine.py": "xsim_core/storage/reach",
    "tests/flows/test_durable_records.py": """
        xsim_core/storage/record_store xsim_core/storage/records flows/inbox/last_scan
        flows/retraining/decisions""",
    # Pages, and what they are made of.
    "tests/compare/test_comparison.py": "xsim_core/compare/page",
    "tests/pages/test_pages.py": "xsim_core/pages/environment",
    "tests/report/test_page.py": """
        xsim_core/report/_charts xsim_core/report/_gallery xsim_core/report/_graph
        xsim_core/report/_sections""",
    "tests/report/test_runs.py": "xsim_core/process/identity xsim_core/runs",
    # Promotion as a state machine, and as a test of hypotheses.
    "tests/promotion/test_promotion.py": """
        xsim_core/promotion/evidence xsim_core/promotion/pointers""",
    "tests/promotion/test_sequences.py": """
        xsim_core/promotion/rollback xsim_core/promotion/rules""",
    "tests/nights/test_nights.py": """
        flows/retraining/night flows/retraining/page flows/retraining/records""",
    "tests/flows/retraining/test_nightly.py": """
        flows/cli/policies/promote flows/retraining/candidate""",
    "tests/flows/prefect_server/test_backfill.py": "flows/retraining/reconstructions",
    # Orchestration: what carries stages out, and the commands that start it.
    "tests/tasks/test_child.py": """
        tasks/engine/limits tasks/engine/rebuild tasks/engine/stage_process""",
    "tests/tasks/test_execution.py": "tasks/engine/observer",
    "tests/tasks/test_settings.py": "tasks/environment",
    "tests/docs/test_commands.py": "flows/cli/arguments flows/cli/commands",
    "tests/flows/test_anew.py": "flows/executors",
    "tests/flows/cli/test_checks.py": "flows/cli/doctor/prefect_checks flows/cli/doctor/vulkan",
    "tests/flows/inbox/test_inbox.py": """
        flows/digests flows/inbox/bucket flows/inbox/captures flows/inbox/scan_inbox""",
    "tests/flows/inbox/test_odd_inbox.py": "flows/inbox/memory flows/inbox/place",
    "tests/flows/prefect_server/test_pools.py": """
        flows/prefect_server/checkout tasks/engine/routing""",
    "tests/flows/prefect_server/test_reports_served.py": "flows/prefect_server/reports",
    "tests/flows/test_recorder.py": "flows/records/at_work",
    "tests/flows/test_gaps.py": "flows/cli/runs/gap",
    "tests/flows/test_requests.py": "flows/cli/runs/launch flows/xsim",
    "tests/flows/prefect_server/test_server.py": """
        flows/prefect_server/entrypoints flows/prefect_server/ports""",
    "tests/flows/inbox/test_webhook.py": "flows/prefect_server/secret",
    "tests/flows/test_flow.py": "flows/sim_to_real",
    "tests/flows/test_parts.py": "flows/real_to_sim flows/resume flows/train",
    "tests/faults/test_recovery.py": "flows/prefect_server/heartbeats",
}


def modules():
    found = [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))]
    return [p.relative_to(ROOT) for p in found if not p.name.startswith("__")]


def has_own_test(module, tests):
    """Whether a test of its name lies where it, or a package above it, is mirrored."""
    for test in tests:
        above = iter(module.parts[:-1])
        if test.stem == f"test_{module.stem.lstrip('_')}" and all(
            part in above for part in test.parts[1:-1]
        ):
            return True
    return False


def test_modules_without_a_test_of_their_name_are_listed_with_who_tests_them():
    tests = [p.relative_to(ROOT) for p in (ROOT / "tests").rglob("test_*.py")]
    without = {str(m.with_suffix("")) for m in modules() if not has_own_test(m, tests)}
    listed = [module for some in ELSEWHERE.values() for module in some.split()]
    assert len(listed) == len(set(listed))
    assert without == set(listed), "a test of its name, or a line in ELSEWHERE (and none too many)"
    assert [test for test in ELSEWHERE if not (ROOT / test).is_file()] == []


def test_a_test_elsewhere_is_no_test_of_that_name():
    tests = [Path("tests/scan/test_align.py"), Path("tests/test_refs.py")]
    assert has_own_test(Path("xsim_core/scan/_align.py"), tests)
    assert has_own_test(Path("xsim_core/refs.py"), tests)
    assert not has_own_test(Path("xsim_core/splat/align.py"), tests)
