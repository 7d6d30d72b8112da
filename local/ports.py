"""Ports: free ones when any will do, and a clear word when a wanted one is taken."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from random import SystemRandom
from typing import ClassVar

from local.faults import StackError

HOST = "127.0.0.1"

# Below the range that the kernel gives to outgoing connections: what is free here stays free until
# it is used.
FREE_RANGE = range(20000, 32000)


@dataclass(frozen=True)
class Ports:
    """The ports of one stack. 0 stands for any free one until `settled`."""

    gateway: int = 54321
    db: int = 54322
    signaling: int = 54325
    web: int = 54326
    mail: int = 54324

    FLAGS: ClassVar[Mapping[str, str]] = {
        "gateway": "--port",
        "db": "--db-port",
        "signaling": "--signaling-port",
        "web": "--web-port",
        "mail": "--mail-port",
    }

    def settled(self) -> Ports:
        """The same ports with every 0 replaced; raises StackError for one that is asked for twice
        or in use.
        """
        wanted: Mapping[str, int] = asdict(self)
        chosen: dict[str, int] = {}
        for service, port in wanted.items():
            if port == 0:
                continue
            if port in chosen.values():
                raise StackError(
                    f"port {port} is asked for twice: choose another with {self.FLAGS[service]} N."
                )
            chosen[service] = port
        for service, port in chosen.items():
            if not is_free(port):
                raise StackError(
                    f"port {port}, wanted for the {service} service, is taken by another program: "
                    f"choose another with {self.FLAGS[service]} N (0 finds a free one)."
                )
        for service, port in wanted.items():
            if port == 0:
                chosen[service] = free_port(without=set(chosen.values()))
        return replace(self, **chosen)


def is_free(port: int) -> bool:
    """True when a server may listen on `port` now. Connections still being closed do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except (OSError, OverflowError):
            return False
    return True


def free_port(without: set[int]) -> int:
    for port in SystemRandom().sample(FREE_RANGE, 500):
        if port not in without and is_free(port):
            return port
    raise StackError(f"no free port between {FREE_RANGE.start} and {FREE_RANGE.stop}")
