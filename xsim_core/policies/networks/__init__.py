"""The networks of the image policy, built by its architecture."""

from xsim_core.policies.config import StudentArchitecture

from .base import Encoder, StudentNet
from .small import ChunkDenoiser, EmbeddedNet
from .transformer import TransformerDenoiser
from .unet import UnetNet

__all__ = ["Encoder", "StudentNet", "build_net"]


def build_net(architecture: StudentArchitecture) -> StudentNet:
    """The network of an architecture, with first weights from torch's stream.

    Raises:
        BadInputError: when its images are too small for it.
    """
    match architecture.network:
        case "small":
            return EmbeddedNet(architecture, ChunkDenoiser)
        case "transformer":
            return EmbeddedNet(architecture, TransformerDenoiser)
        case "unet":
            return UnetNet(architecture)
