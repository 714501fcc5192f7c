from .config import GapRungConfig as GapRungConfig
from .factors import FACTORS as FACTORS, both_places as both_places, differing as differing
from .found import Gap as Gap, found_gap as found_gap
from .ladder import Ladder as Ladder, Rung as Rung, ladder_of as ladder_of
from .page import (
    Pictures as Pictures,
    gap_page as gap_page,
    gap_section as gap_section,
    pictures_of as pictures_of,
)
from .rung import measure_rung as measure_rung
