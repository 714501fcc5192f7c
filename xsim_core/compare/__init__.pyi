from .comparison import (
    Comparison as Comparison,
    Difference as Difference,
    RateChange as RateChange,
    compare_runs as compare_runs,
)
from .page import comparison_page as comparison_page
