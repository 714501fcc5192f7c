"""A day of requests in fast motion.

``python -m tests.benchmarks.robots.bench_serve_day --out FILE``: a robot that asks for a chunk ten
times a second asks 864 000 times a day. As many requests are put to one server as fast as it
answers, over connections that are closed and opened anew as sessions are; every tenth ends in a
frame that is no message. What must stay flat over a day is kept after each of ``--parts``: memory,
files and threads of the server's process. The policy is the tests' smallest one (its network takes
less than the protocol does), unless ``--ref`` names one of ``XSIM_STORE``. Prints JSON.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgpack
import psutil
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.benchmarks import rounds as r
from tests.evaluate.fixtures import TINY, make_student
from tests.serving.serving import observation
from xsim_core.storage import ArtifactStore

DAY, CLIENTS, SESSION, GARBAGE_EVERY = 864_000, 4, 600, 10
"""Requests at 10 Hz; clients at once; requests of a connection; connections to a broken one."""


async def _session(url, headers, request, num_requests, *, ends_in_garbage):
    """One connection from its handshake to its end; answers how many chunks came."""
    async with connect(url, additional_headers=headers, compression=None, proxy=None) as connection:
        await connection.recv()
        for _ in range(num_requests):
            await connection.send(request)
            answer = msgpack.unpackb(await connection.recv())
            assert "actions" in answer, answer
        if ends_in_garbage:
            with contextlib.suppress(ConnectionClosed):
                await connection.send(b"\xc1 no message")
                while True:
                    await connection.recv()
    return num_requests


async def _client(url, headers, request, num_requests, counts):
    left = num_requests
    while left > 0:
        counts["sessions"] += 1
        broken = counts["sessions"] % GARBAGE_EVERY == 0
        wanted = min(left, SESSION)
        left -= await _session(url, headers, request, wanted, ends_in_garbage=broken)
        counts["broken"] += broken


async def _part(url, headers, num_requests, counts):
    request = msgpack.packb(observation())
    each = num_requests // CLIENTS
    await asyncio.gather(*(_client(url, headers, request, each, counts) for _ in range(CLIENTS)))
    return each * CLIENTS


def _held(process, requests):
    memory = process.memory_info().rss / 2**20
    files, threads = process.num_fds(), process.num_threads()
    return {"requests": requests, "rss_mb": round(memory, 1), "files": files, "threads": threads}


def _served(folder, ref):
    """The server's process and what it told when it was ready."""
    more = {"XSIM_HOME": str(folder), "XSIM_STORE": (folder / "store").as_uri()}
    environment = os.environ | ({} if ref else more)
    if not ref:
        short = TINY.model_copy(update={"num_inference_steps": 1})
        ref = str(make_student(ArtifactStore(more["XSIM_STORE"]), architecture=short))
    command = [sys.executable, "-m", "flows.cli", "policy", "serve", ref, "--port", "0", "--json"]
    command += ["--max-rate-hz", "100000"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    lines = ""
    while not lines.rstrip().endswith("}"):
        lines += server.stdout.readline()
    return server, json.loads(lines)


def main():
    asked = r.arguments(
        __doc__,
        requests=(DAY, "in all"),
        parts=(48, "after each of which is looked"),
        ref=("", "a policy of XSIM_STORE"),
        out=("", "file that is written after each part"),
    )
    with tempfile.TemporaryDirectory() as folder:
        server, told = _served(Path(folder), asked.ref)
        try:
            print(json.dumps(_day(server, told, asked), indent=1))
        finally:
            server.terminate()
            server.wait(60)


def _day(server, told, asked):
    headers = {"Authorization": f"Api-Key {Path(told['key_file']).read_text()}"}
    process, counts, began = psutil.Process(server.pid), {"sessions": 0, "broken": 0}, time.time()
    # What is loaded with the first request, and what the allocator keeps, is no leak.
    asyncio.run(_part(told["url"], headers, 1000, counts))
    done, held = 0, [_held(process, 0)]
    found = {"clients": CLIENTS, "requests_a_connection": SESSION}
    for _ in range(asked.parts):
        done += asyncio.run(_part(told["url"], headers, asked.requests // asked.parts, counts))
        held.append(_held(process, done))
        found |= {
            "requests": done,
            "days_at_10_hz": round(done / DAY, 3),
            "connections": counts["sessions"],
            "ended_by_garbage": counts["broken"],
            "wall_s": round(time.time() - began),
            "requests_per_s": round(done / (time.time() - began), 1),
            "server_cpu_ms_a_request": round(1e3 * sum(process.cpu_times()[:2]) / done, 2),
            "held": held,
            "load_average": [round(x, 1) for x in os.getloadavg()],
        }
        if asked.out:
            Path(asked.out).write_text(json.dumps(found, indent=1) + "\n")
    return found


if __name__ == "__main__":
    main()
