from .config import EvaluateConfig as EvaluateConfig
from .evaluate import STUDENTS as STUDENTS, evaluate_policies as evaluate_policies
