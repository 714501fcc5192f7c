from .answers import PolicyAnswers as PolicyAnswers
from .server import Limits as Limits, PolicyServer as PolicyServer
