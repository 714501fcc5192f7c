from .identity import Fate as Fate, fate_of as fate_of, this_process as this_process
from .memory import PeakMemory as PeakMemory
