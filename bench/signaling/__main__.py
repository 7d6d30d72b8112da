"""One run: all servers up, slices in turn, medians, one table. Under three minutes."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import sys
from collections import defaultdict

import uvloop

from bench.signaling.contenders import Contender, Running, contenders
from bench.signaling.load import Load, Peer, idle, joins, pace, pairs, saturate
from bench.signaling.project import Project
from bench.signaling.report import Numbers, report

SERVER_CORE, CLIENT_CORE = 0, 1
WARM_UP, IDLE = 20, 2000


async def measure(options: argparse.Namespace) -> dict[str, Numbers]:
    project = Project()
    web = await project.start()
    everybody = contenders(project.url)
    chosen = [one for one in everybody if not options.only or one.name in options.only]
    tokens = [project.token() for _ in range(2 * options.rooms)]
    numbers: dict[str, Numbers] = defaultdict(Numbers)
    running: dict[str, tuple[Contender, Running, Load, list[Peer]]] = {}
    for one in chosen:
        server = await Running.start(one, SERVER_CORE)
        load = Load()
        running[one.name] = (one, server, load, await pairs(server.base, load, one.dialect, tokens))
    gc.disable()
    try:
        for turn in range(options.rounds):
            print(f"turn {turn + 1}", file=sys.stderr)
            for name, (one, server, load, peers) in running.items():
                found = numbers[name]
                cpu = server.cpu_seconds
                found.one.append(await saturate(load, peers, 1, options.seconds, cpu))
                found.eight.append(await saturate(load, peers, 8, options.seconds, cpu))
                before = cpu()
                latencies = await pace(load, peers, 1000, options.seconds)
                found.cpu.append((cpu() - before) / len(latencies) * 1e6)
                found.p50.append(statistics.median(latencies) * 1e6)
                found.p99.append(latencies[int(len(latencies) * 0.99)] * 1e6)
                if one.dialect.greets:
                    rate = await joins(server.base, one.dialect, tokens, options.seconds, cpu)
                    found.joins.append(rate)
                gc.collect()
    finally:
        for _, server, _, _ in running.values():
            await server.stop()
    for one in chosen:
        numbers[one.name].memory.append(await memory(one, project))
    web.close()
    return numbers


async def memory(one: Contender, project: Project) -> float:
    """KB per idle connection of a server that has seen some already."""
    server = await Running.start(one, SERVER_CORE)
    try:
        for peer in await idle(server.base, one.dialect, [project.token()] * WARM_UP):
            peer.hang_up()
        await asyncio.sleep(0.3)
        before = server.memory()
        peers = await idle(server.base, one.dialect, [project.token()] * IDLE)
        await asyncio.sleep(0.5)
        used = (server.memory() - before) / IDLE / 1000
        for peer in peers:
            peer.hang_up()
        return used
    finally:
        await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.signaling")
    parser.add_argument("--rooms", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.8)
    parser.add_argument("--only", nargs="*", help="names of the servers to run")
    options = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    for line in report(uvloop.run(measure(options))):
        print(line)


if __name__ == "__main__":
    main()
