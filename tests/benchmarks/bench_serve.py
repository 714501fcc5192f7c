"""A policy server under load: ``python -m tests.benchmarks.bench_serve --home .xsim``.

64 clients ask for chunks as fast as they are answered, while others send garbage and others never
read; then the server's memory is compared with what it was. ``--openpi`` takes the interpreter of
an environment with openpi-client==0.1.2 and typing-extensions, which drives the same server
unchanged. Prints JSON.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import msgpack
import numpy as np
import psutil
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.benchmarks import rounds as r
from tests.serving.serving import observation

CLIENTS, GARBAGE, SLOW = 64, 8, 4

OPENPI = """
import json, sys, time
import numpy as np
from openpi_client.websocket_client_policy import WebsocketClientPolicy
from openpi_client.action_chunk_broker import ActionChunkBroker

policy = WebsocketClientPolicy(sys.argv[1], api_key=open(sys.argv[2]).read())
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
assert all((s == a).all() for s, a in zip(steps, answers[0]["actions"]))
try:
    policy.infer({"observation.state": np.zeros(6)})
except RuntimeError as error:
    said = str(error)
assert "lacks the array observation.images.front" in said
print(json.dumps({"policy": told["policy"], "took": took}))
"""


async def _client(url, key, num_requests, took, infer):
    headers = {"Authorization": f"Api-Key {key}"}
    async with connect(
        url,
        additional_headers=headers,
        compression=None,
        proxy=None,
        open_timeout=120,
        ping_timeout=None,
    ) as connection:
        await connection.recv()
        request = msgpack.packb(observation())
        for _ in range(num_requests):
            began = time.monotonic()
            await connection.send(request)
            answer = msgpack.unpackb(await connection.recv())
            took.append(1e3 * (time.monotonic() - began))
            infer.append(answer["server_timing"]["infer_ms"])


async def _garbage(url, key, rng, until):
    headers, count = {"Authorization": f"Api-Key {key}"}, 0
    while time.monotonic() < until:
        try:
            async with connect(
                url, additional_headers=headers, compression=None, proxy=None, open_timeout=120
            ) as connection:
                await connection.recv()
                while True:
                    await connection.send(rng.bytes(int(rng.integers(1, 30_000))))
                    count += 1
                    await connection.recv()
        except ConnectionClosed:
            continue
        except (OSError, InvalidHandshake):
            await asyncio.sleep(0.2)
    return count


async def _slow(url, key, until):
    """Asks and never reads: its socket is paused."""
    headers, count = {"Authorization": f"Api-Key {key}"}, 0
    async with connect(
        url,
        additional_headers=headers,
        compression=None,
        proxy=None,
        open_timeout=120,
        ping_interval=None,
        max_queue=1,
    ) as connection:
        request = msgpack.packb(observation())
        while time.monotonic() < until:
            try:
                async with asyncio.timeout(1):
                    await connection.send(request)
                count += 1
            except (TimeoutError, ConnectionClosed):
                await asyncio.sleep(0.5)
    return count


async def _load(url, key, num_requests, seconds):
    took, infer, rng = [], [], np.random.default_rng(0)
    until = time.monotonic() + seconds
    others = [asyncio.create_task(_garbage(url, key, rng, until)) for _ in range(GARBAGE)]
    others += [asyncio.create_task(_slow(url, key, until)) for _ in range(SLOW)]
    began = time.monotonic()
    await asyncio.gather(*(_client(url, key, num_requests, took, infer) for _ in range(CLIENTS)))
    spent = time.monotonic() - began
    counts = [await task for task in others]
    return took, infer, spent, counts


def _percentiles(values):
    return {f"p{q}": round(float(np.percentile(values, q)), 2) for q in (50, 99)}


def main():
    asked = r.arguments(
        __doc__,
        home=("", "XSIM_HOME with a finished demo"),
        requests=(20, "each"),
        ref=("demo:calibrate", "policy"),
        seconds=(20, "of garbage"),
        openpi=("", "interpreter with openpi-client"),
    )
    environment = {**os.environ, "XSIM_HOME": asked.home}
    command = [sys.executable, "-m", "flows.cli", "policy", "serve", asked.ref, "--port", "0"]
    more = ["--max-clients", str(CLIENTS + GARBAGE + SLOW), "--max-rate-hz", "1000", "--json"]
    server = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        lines = ""
        while not lines.rstrip().endswith("}"):
            lines += server.stdout.readline()
        told = json.loads(lines)
        key = Path(told["key_file"]).read_text()
        found, process = {"policy": told["policy"], "clients": CLIENTS}, psutil.Process(server.pid)
        if asked.openpi:
            done = subprocess.run(
                [asked.openpi, "-c", OPENPI, told["url"], told["key_file"]],
                capture_output=True,
                text=True,
                check=True,
            )
            took = json.loads(done.stdout)["took"]
            found["openpi_client_ms"] = _percentiles(took)
        alone_took, alone = [], []
        asyncio.run(_client(told["url"], key, 50, alone_took, alone))
        found["one_client_ms"] = _percentiles(alone_took)
        found["one_client_infer_ms"] = _percentiles(alone)
        found["rss_mb"] = []
        for _ in range(3):
            took, infer, spent, counts = asyncio.run(
                _load(told["url"], key, asked.requests, asked.seconds)
            )
            found["rss_mb"].append(round(process.memory_info().rss / 2**20, 1))
        found["chunks_per_s"] = round(len(took) / spent, 1)
        found["loaded_ms"], found["loaded_infer_ms"] = _percentiles(took), _percentiles(infer)
        found["garbage_frames"], found["unread_requests"] = (
            sum(counts[:GARBAGE]),
            sum(counts[GARBAGE:]),
        )
        found["load_average"] = [round(x, 1) for x in os.getloadavg()]
        print(json.dumps(found, indent=1))
    finally:
        server.terminate()
        server.wait(60)


if __name__ == "__main__":
    main()
