from .proposal import Proposal as Proposal, propose as propose
from .writing import Written as Written, write_proposal as write_proposal
