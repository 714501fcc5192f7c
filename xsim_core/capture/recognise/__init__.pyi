from .facts import Facts as Facts
from .look import look_apart as look_apart, look_around as look_around
from .proposal import Proposal as Proposal, propose as propose
from .writing import Written as Written, write_proposal as write_proposal
