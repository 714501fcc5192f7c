"""The one table of formats: what the command line, the documents and the errors know of them."""

from dataclasses import dataclass

from xsim_core.artifacts import ArtifactRef, Manifest
from xsim_core.errors import BadInputError, UnknownNameError


@dataclass(frozen=True)
class Format:
    """Files that another tool reads."""

    name: str
    """As ``--to`` takes it."""
    kinds: tuple[str, ...]
    """Kinds of artifact that can be written so."""
    what: str
    """The files, and whose they are."""
    loses: str
    """What of the artifact the format cannot hold."""
    write: str
    """``module:function`` of this package: ``write(source, folder) -> notes``. It fills an empty
    folder and answers a sentence for whatever of this artifact was left out or changed."""
    packages: tuple[str, ...] = ()
    """Modules that only this needs."""
    extra: str = "export"
    """The extra of X-Sim's package that brings them."""


def _table(*formats: Format) -> dict[str, Format]:
    return {f.name: f for f in formats}


FORMATS = _table(
    Format(
        name="bop",
        kinds=("object_track",),
        what="BOP's results CSV, model in millimetres and camera",
        loses="times, smoothed world poses, segments, the mesh's texture",
        write="bop:write",
    ),
    Format(
        name="npy",
        kinds=("object_track",),
        what="X-Sim's (1, t, 7) array: x y z in metres, quaternion wxyz, robot-base frame",
        loses="times, scores and status, camera, mesh",
        write="npy:write",
    ),
    Format(
        name="tum",
        kinds=("object_track",),
        what="TUM's trajectory: time x y z qx qy qz qw a line, as evo reads it",
        loses="scores and status, camera, mesh",
        write="tum:write",
    ),
    Format(
        name="rerun",
        kinds=("object_track",),
        what="recording for rerun's viewer: moving mesh, camera, scores",
        loses="segments, the poses before smoothing, the video itself",
        write="rerun.track:write",
        packages=("rerun",),
        extra="rerun",
    ),
    Format(
        name="3dgs",
        kinds=("splat_scene",),
        what="PLY with the columns of 3D Gaussian splatting, degree 3, for its viewers",
        loses="that the Gaussians are flat (they get 10 µm), background colour, mesh, collision",
        write="gaussians:write_3dgs",
    ),
    Format(
        name="2dgs",
        kinds=("splat_scene",),
        what="PLY with the columns of 2D Gaussian splatting: two scales",
        loses="background colour, mesh, collision pieces",
        write="gaussians:write_2dgs",
    ),
    Format(
        name="glb",
        kinds=("splat_scene",),
        what="binary glTF of the room's mesh: metres, y up, linear vertex colours",
        loses="Gaussians, collision pieces",
        write="glb:write_room",
    ),
    Format(
        name="object_glb",
        kinds=("object_track", "sim_world"),
        what="binary glTF of the object's mesh with its texture, in its own frame",
        loses="all but the mesh",
        write="glb:write_object",
    ),
    Format(
        name="nerfstudio",
        kinds=("posed_images",),
        what="transforms.json, PNG images, points as PLY, for nerfstudio's dataparser",
        loses="reprojection and board errors",
        write="photos:write_nerfstudio",
    ),
    Format(
        name="colmap",
        kinds=("posed_images",),
        what="COLMAP's text model below sparse/0, PNG images",
        loses="which photos are held out, reprojection and board errors",
        write="photos:write_colmap",
    ),
    Format(
        name="mjcf",
        kinds=("sim_world",),
        what="MuJoCo's scene.xml: object, table and room with their collision pieces",
        loses="robot, Gaussians, waypoints, camera",
        write="physics_files:write_mjcf",
    ),
    Format(
        name="urdf",
        kinds=("sim_world",),
        what="object.urdf and room.urdf with their collision pieces, world.json",
        loses="robot, Gaussians, waypoints, camera",
        write="physics_files:write_urdf",
    ),
    Format(
        name="lerobot",
        kinds=("episode_dataset",),
        what="LeRobot v3.0: Parquet with PNG images, statistics of our own",
        loses="simulator states",
        write="datasets.lerobot:write",
        packages=("pyarrow",),
    ),
    Format(
        name="lerobot_rollouts",
        kinds=("real_rollouts",),
        what="LeRobot v3.0 of what a robot did: both pictures, depth, joints, seed, outcome",
        loses="what was dropped or mended when they were taken in",
        write="datasets.lerobot:write_rollouts",
        packages=("pyarrow",),
    ),
    Format(
        name="robomimic",
        kinds=("episode_dataset",),
        what="robomimic's HDF5 with masks for training and validation",
        loses="where the camera was in each episode",
        write="datasets.robomimic:write",
        packages=("h5py",),
    ),
    Format(
        name="diffusion_policy",
        kinds=("episode_dataset",),
        what="replay buffer of Diffusion Policy's code: Zarr 2 with img, state, action",
        loses="simulator states, cameras",
        write="datasets.diffusion_policy:write",
    ),
    Format(
        name="rlds",
        kinds=("episode_dataset",),
        what="RLDS as TensorFlow Datasets keeps it: TFRecord with PNG images, features.json",
        loses="simulator states",
        write="datasets.rlds:write",
    ),
    Format(
        name="safetensors",
        kinds=("student_policy",),
        what="config.json, model.safetensors and a model card",
        loses="training curves",
        write="policy_folder:write",
        packages=("safetensors",),
    ),
    Format(
        name="onnx",
        kinds=("student_policy",),
        what="one ONNX file: image, state and noise in, a chunk of actions out; policy.json",
        loses="training curves, the weights by name",
        write="onnx_file:write",
        packages=("onnx",),
        extra="onnx",
    ),
    Format(
        name="tensorboard",
        kinds=("teacher_policy", "student_policy"),
        what="the learning curves as TensorBoard's event file",
        loses="all but the curves",
        write="tensorboard:write",
    ),
)  # fmt: skip
"""By name."""


def find_format(name: str, ref: ArtifactRef, manifest: Manifest) -> Format:
    """The format of this name, for this artifact.

    Raises:
        UnknownNameError: when there is none of that name; lists them.
        BadInputError: when it holds artifacts of another kind; names what this one can be written
            as, and whether what it was made from would do.
    """
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    fitting = [f.name for f in FORMATS.values() if ref.kind in f.kinds]
    found = FORMATS[name]
    if ref.kind not in found.kinds:
        inputs = [str(r) for r in manifest.inputs.values() if r.kind in found.kinds]
        hint = f" It was made from {', '.join(inputs)}: export that." if inputs else ""
        raise BadInputError(
            f"{ref} cannot be written as {name}, which holds a {' or '.join(found.kinds)}; "
            f"a {ref.kind} can be written as {', '.join(fitting) or 'nothing yet'}.{hint}"
        )
    return found
