"""The room module by itself: one import in a page of somebody else, as docs/web.md shows it."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.async_api import Browser

from tests.support.stack import REPO, StackEnv
from tests.support.wait import eventually
from tests.web.chromium import BLUE, RED
from tests.web.conftest import Visit
from tests.web.rooms import agree, like, pair
from tests.web.site import config_of, serve
from tests.web.visitor import pixel

SOCKETS = REPO / "node_modules" / "socket.io-client" / "dist" / "socket.io.esm.min.js"
PAGE = """<!doctype html><link rel="icon" href="data:,">
<video data-testid="remote" autoplay muted></video>
<script type="module">
import { io } from "./socket.io.esm.min.js";
import { Room, RoomProblem } from "./mentorkit-room.js";
window.heard = [];
window.begin = async (url, room, token) => {
  window.call = new Room({ io, url, room, token: async () => token });
  for (const type of ["state", "peer", "message"]) {
    call.addEventListener(type, ({ detail }) =>
      heard.push(detail.state ?? detail.name ?? detail.text));
  }
  call.addEventListener("stream", ({ detail }) => {
    document.querySelector("video").srcObject = detail.stream;
  });
  const camera = await navigator.mediaDevices.getUserMedia({ video: true });
  call.setTrack("video", camera.getVideoTracks()[0]);
  await call.join();
};
window.refusal = (...who) => begin(...who).then(() => "none", (error) =>
  error instanceof RoomProblem ? error.code : String(error));
</script>
"""


async def test_a_foreign_page_joins_with_the_published_module(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv, pages: tuple[Path, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    for file in (pages[0] / "mentorkit-room.js", SOCKETS):
        shutil.copy(file, tmp_path)
    (tmp_path / "index.html").write_text(PAGE)
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    with serve(tmp_path, config_of(stack)) as site:
        one, other = await visit(red, site=site), await visit(blue, site=site)
        for visitor, person in ((one, student), (other, mentor)):
            await visitor.page.goto(site)
            who = [stack.signaling_url, room, person.access_token]
            await visitor.page.evaluate("who => begin(...who)", who)

        async def both_see() -> bool:
            return like(await pixel(one.page, "remote"), BLUE) and like(
                await pixel(other.page, "remote"), RED
            )

        await eventually(both_see, within=20)
        assert await one.page.evaluate("call.state") == "connected"

        async def talk() -> bool:
            await one.page.evaluate("call.send('as documented')")
            return "as documented" in await other.page.evaluate("heard")

        await eventually(talk, within=10)
        assert mentor.name in await one.page.evaluate("heard")
        await one.page.evaluate("call.leave()")

        async def alone() -> bool:
            return bool(await other.page.evaluate("call.state") == "waiting")

        await eventually(alone, within=10)
        nowhere = [stack.signaling_url, "room-00000000", student.access_token]
        assert await one.page.evaluate("who => refusal(...who)", nowhere) == "unknown_room"
        await other.page.evaluate("call.leave()")
