#!/usr/bin/env bash
# openpi-client 0.1.2's ActionChunkBroker cuts every array of an answer by the step, not only the actions: the
# state shrinks to one number.
#
# Package:  openpi-client 0.1.2
# Expected: infer() returns the step's row of "actions" ("Wraps a policy to return action chunks one-at-a-
#           time") and everything else as the policy sent it.
# Seen:     for a policy that answers state = [7, 8, 9] beside its actions, three calls return state = 7.0,
#           8.0 and 9.0.
# Matters:  whoever logs or feeds back the policy's state, embeddings or an uncertainty takes joint 0, then
#           joint 1, then joint 2 for successive times; no shape check fires, as each is a plain number.
# Instead:  take such values from the inner policy, or wrap it so that only "actions" goes through the broker.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install openpi-client==0.1.2 numpy==1.26.4 typing-extensions==4.15.0
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from openpi_client.action_chunk_broker import ActionChunkBroker
from openpi_client.base_policy import BasePolicy


class Policy(BasePolicy):
    def infer(self, obs):
        return {"actions": np.arange(30.0).reshape(3, 10), "state": np.array([7.0, 8.0, 9.0])}


broker = ActionChunkBroker(Policy(), action_horizon=3)
answers = [broker.infer({}) for _ in range(3)]
print("openpi-client", version("openpi-client"))
print("expected: state = [7. 8. 9.] at every step")
for step, answer in enumerate(answers):
    print(f"seen:     step {step}: actions {np.shape(answer['actions'])}, state = {answer['state']}")
if [np.ndim(a["state"]) for a in answers] != [0, 0, 0]:
    raise SystemExit("changed: only the actions are cut now")
print("holds: one joint a step")
PY
