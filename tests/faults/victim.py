"""What the victims of the fault campaign make."""

from dataclasses import replace

from tests.contracts.toys import TOY, ToyConfig, make_truth
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore, commit

NUM_RECIPES = 6


def config(number):
    return ToyConfig(num_frames=2 + number, name=f"toy-{number}")


def make(*, config, out):
    (out.scratch() / "checkpoint").write_bytes(b"x" * 1000)
    return make_truth(config=config, out=out)


def work(*, say, url, number):
    """Run in a child of the nursery; says when it starts and when the manifest is about to go."""
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
