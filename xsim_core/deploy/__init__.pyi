from .config import DeployConfig as DeployConfig
from .deploy import deploy_student as deploy_student
