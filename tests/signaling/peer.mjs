// A peer on the real socket.io-client, driven line by line over stdin; everything it sees goes to stdout.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, token, transports] = process.argv.slice(2);
const socket = io(url, {
  transports: (transports ?? "websocket").split(","),
  auth: { token },
  reconnectionDelay: 50,
  reconnectionDelayMax: 100,
  timeout: 3000,
});
const say = (kind, value) => console.log(JSON.stringify([kind, value ?? null]));

socket.on("connect", () => say("connect", socket.id));
socket.on("disconnect", (reason) => say("disconnect", reason));
socket.on("connect_error", (error) => say("connect_error", { message: error.message, data: error.data ?? null }));
socket.onAny((name, payload) => say("event", { name, payload }));

createInterface({ input: process.stdin }).on("line", async (line) => {
  const [name, ...payload] = JSON.parse(line);
  if (name === "hang up") {
    socket.disconnect();
  } else if (name === "lose network") {
    socket.io.engine.transport.ws._socket.destroy();
  } else if (name === "binary") {
    socket.emit("signal", { to: payload[0], candidate: new Uint8Array(8) });
  } else {
    say("ack", await socket.timeout(4000).emitWithAck(name, ...payload).catch((error) => String(error)));
  }
});
