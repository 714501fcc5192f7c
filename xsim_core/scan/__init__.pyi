from .config import ScanConfig as ScanConfig
from .scan import solve_scan as solve_scan
