from .calibrate import calibrate_student as calibrate_student
from .config import CalibrateConfig as CalibrateConfig
