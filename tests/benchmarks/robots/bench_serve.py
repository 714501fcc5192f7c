"""A policy server under load: ``python -m tests.benchmarks.robots.bench_serve --home .xsim``.

64 clients ask for chunks as fast as they are answered, while others send garbage and others never
read; then the server's memory is compared with what it was. ``--openpi`` takes the interpreter of
an environment with openpi-client==0.1.2 and typing-extensions, which drives the same server
unchanged. ``--lerobot`` takes that of one with lerobot==0.4.4: its DiffusionPolicy makes a chunk,
in a process of its own and without a network, after each that is served. ``--load 0`` leaves the
rounds under load out. Prints JSON.
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
PEER = Path(__file__).parents[1] / "students/peer_diffusion.py"
DOWN_DIMS = "[256, 512, 1024]"
OPENPI = Path(__file__).parents[2] / "serving" / "openpi_drives.py"


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


def _beside_lerobot(url, key, process, interpreter, rounds):
    """Chunks served to one client and chunks of LeRobot's policy, in turns: wall and CPU time.

    On a machine that does other things CPU time is what compares.
    """
    served, theirs, served_cpu, their_cpu = [], [], [], []
    peer = subprocess.Popen(
        [interpreter, "-P", str(PEER), DOWN_DIMS, "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    try:
        ready = peer.stdout.readline().split()
        for k in range(rounds + 1):
            took, before = [], sum(process.cpu_times()[:2])
            asyncio.run(_client(url, key, 1, took, []))
            cpu_s = sum(process.cpu_times()[:2]) - before
            peer.stdin.write("chunk 1\n")
            peer.stdin.flush()
            wall_s, their_cpu_s = json.loads(peer.stdout.readline())
            if k:  # The first of each warms up.
                served += took
                theirs.append(1e3 * wall_s)
                served_cpu.append(1e3 * cpu_s)
                their_cpu.append(1e3 * their_cpu_s)
    finally:
        peer.terminate()
        peer.wait(60)
    told = {"down_dims": json.loads(DOWN_DIMS), "parameters": int(ready[1]), "torch": ready[2]}
    return {
        "rounds": rounds,
        "served_ms": _percentiles(served),
        "served_cpu_ms_mean": round(float(np.mean(served_cpu)), 1),
        "lerobot_in_process_ms": _percentiles(theirs),
        "lerobot_cpu_ms": _percentiles(their_cpu),
        "lerobot": told | {"ddim_steps": 10},
    }


def _percentiles(values):
    return {f"p{q}": round(float(np.percentile(values, q)), 2) for q in (50, 99)}


def _under_load(url, key, process, asked):
    """Rounds with everybody at once; memory after each."""
    found = {"rss_mb": []}
    for _ in range(asked.load):
        took, infer, spent, counts = asyncio.run(_load(url, key, asked.requests, asked.seconds))
        found["rss_mb"].append(round(process.memory_info().rss / 2**20, 1))
    found["chunks_per_s"] = round(len(took) / spent, 1)
    found["loaded_ms"], found["loaded_infer_ms"] = _percentiles(took), _percentiles(infer)
    found["garbage_frames"] = sum(counts[:GARBAGE])
    found["unread_requests"] = sum(counts[GARBAGE:])
    return found


def main():
    asked = r.arguments(
        __doc__,
        home=("", "XSIM_HOME with a finished demo"),
        requests=(20, "each"),
        ref=("demo:calibrate", "policy"),
        seconds=(20, "of garbage"),
        openpi=("", "interpreter with openpi-client"),
        lerobot=("", "interpreter with lerobot"),
        turns=(40, "chunks of each beside LeRobot"),
        load=(3, "rounds under load"),
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
                [asked.openpi, "-P", str(OPENPI), told["url"], told["key_file"]],
                capture_output=True,
                text=True,
                check=True,
            )
            took = json.loads(done.stdout)["took"]
            found["openpi_client_ms"] = _percentiles(took)
        if asked.lerobot:
            beside = _beside_lerobot(told["url"], key, process, asked.lerobot, asked.turns)
            found["beside_lerobot"] = beside
        alone_took, alone = [], []
        asyncio.run(_client(told["url"], key, 50, alone_took, alone))
        found["one_client_ms"] = _percentiles(alone_took)
        found["one_client_infer_ms"] = _percentiles(alone)
        found |= _under_load(told["url"], key, process, asked) if asked.load else {}
        found["load_average"] = [round(x, 1) for x in os.getloadavg()]
        print(json.dumps(found, indent=1))
    finally:
        server.terminate()
        server.wait(60)


if __name__ == "__main__":
    main()
