"""What the victims of the fault campaign make."""

from dataclasses import replace

from tests.contracts.toys import TOY, ToyConfig, make_truth
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore, commit

NUM_RECIPES = 6


def config(number):
    return ToyConfig(num_frames=2 + number, name=f"toy-{number}")


say_wrote = print
"""Called when the arrays lie in the store and nothing names them yet."""


def make(*, config, out):
    (out.scratch() / "checkpoint").write_bytes(b"x" * 1000)
    made = make_truth(config=config, out=out)
    say_wrote("wrote")
    return made


def work(*, say, url, number):
    """Run in a child of the nursery; says when it starts, wrote, and when the manifest goes."""
    global say_wrote
    say_wrote = say
    announce_publish(say)
    store = ArtifactStore(url)
    say("start")
    return str(run_stage(replace(TOY, run=make), config(number), store, {}))


def announce_publish(say):
    publish = commit.publish

    def publish_and_say(*args):
        say("publish")
        publish(*args)

    commit.publish = publish_and_say
