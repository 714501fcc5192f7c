from .formats import FORMATS as FORMATS, Format as Format, find_format as find_format
from .policy_folder import read_policy_folder as read_policy_folder
from .write import Exported as Exported, export_artifact as export_artifact
