from .dataset import Dataset as Dataset, Episode as Episode, load_dataset as load_dataset
from .evaluation import Evaluation as Evaluation, load_evaluation as load_evaluation
from .exporting import Exported as Exported, export as export
from .importing import import_dataset as import_dataset
from .policy import Policy as Policy, load_policy as load_policy
from .scene import Scene as Scene, load_scene as load_scene
from .store import StoreLike as StoreLike, open_artifact as open_artifact, open_store as open_store
from .track import Track as Track, load_track as load_track
from .training import train_policy as train_policy
from .windows import Windows as Windows
