"""openpi-client 0.1.2, as it is published, drives a server of ours.

``URL KEY_FILE``. Runs in an environment of its own and imports nothing of ours. Prints the policy's
name, what a chunk took, and the chunk.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from openpi_client.action_chunk_broker import ActionChunkBroker
from openpi_client.websocket_client_policy import WebsocketClientPolicy


def main():
    policy = WebsocketClientPolicy(sys.argv[1], api_key=Path(sys.argv[2]).read_text())
    told = policy.get_server_metadata()
    shapes = told["observation"]
    seen = {
        "observation.images.front": np.full(shapes["observation.images.front"], 7, np.uint8),
        "observation.state": np.array([0.5, 0, 0.1, 0, 1, 0]),
        "prompt": "push the block",
        "seed": 3,
    }
    answers, took = [], []
    for _ in range(20):
        began = time.monotonic()
        answers.append(policy.infer(seen))
        took.append(1e3 * (time.monotonic() - began))
    assert all((a["actions"] == answers[0]["actions"]).all() for a in answers)
    assert answers[0]["actions"].shape == tuple(told["actions"])
    assert "prev_total_ms" in answers[1]["server_timing"]
    broker = ActionChunkBroker(policy, action_horizon=told["n_action_steps"])
    steps = [broker.infer(seen)["actions"] for _ in range(told["n_action_steps"])]
    assert all(
        (s == a).all() for s, a in zip(steps, answers[0]["actions"][: len(steps)], strict=True)
    )
    said = ""
    try:
        policy.infer({"observation.state": np.zeros(6)})
    except RuntimeError as error:
        said = str(error)
    assert "lacks the array observation.images.front" in said
    chunk = answers[0]["actions"].tolist()
    sys.stdout.write(json.dumps({"policy": told["policy"], "took": took, "chunk": chunk}))


if __name__ == "__main__":
    main()
