"""A second gateway beside the stack's own, on the same database, that tests may kill."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx

from tests.support.stack import REPO
from tests.support.wait import eventually


class SpareGateway:
    """A gateway process of our own: killed without a word, started again on the same port."""

    def __init__(self, stack_data: Path, home: Path, port: int) -> None:
        settings = json.loads((stack_data / "gateway.json").read_text())
        needed = ("url", "database_url", "postgrest_socket", "keys")  # and no functions
        self._file = home / f"gateway-{port}.json"
        self._file.write_text(json.dumps({n: settings[n] for n in needed} | {"port": port}))
        self._log = home / f"gateway-{port}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{port}"

    async def start(self) -> None:
        command = [sys.executable, "-m", "local.gateway", "--settings", str(self._file)]
        self._process = self._spawn(command)
        await eventually(self.runs, within=30)

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(command, cwd=REPO, stdout=log, stderr=log)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    async def runs(self) -> bool:
        async with httpx.AsyncClient(verify=False) as http:
            try:
                return (await http.get(f"{self.url}/health")).status_code == 200
            except httpx.TransportError:
                return False
