"""What the victims of the fault campaign make."""

from tests.contracts.toys import ToyConfig, make_truth

NUM_RECIPES = 6


def config(number):
    return ToyConfig(num_frames=2 + number, name=f"toy-{number}")


def make(*, config, out):
    (out.scratch() / "checkpoint").write_bytes(b"x" * 1000)
    return make_truth(config=config, out=out)
