from .facts import Facts as Facts
from .look import look_apart as look_apart, look_around as look_around
