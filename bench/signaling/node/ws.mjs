// The limit for Node: a bare relay, no protocol, no checks. Peers of one ?room= get each other's frames.
import { WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
server.on("connection", (socket, request) => {
  const room = new URL(request.url, "http://x").searchParams.get("room");
  const waiting = rooms.get(room);
  if (waiting) {
    rooms.delete(room);
    socket.partner = waiting;
    waiting.partner = socket;
    waiting.send("paired");
    socket.send("paired");
  } else {
    rooms.set(room, socket);
  }
  socket.on("message", (data) => socket.partner?.send(data, { binary: false }));
  socket.on("close", () => rooms.get(room) === socket && rooms.delete(room));
});
server.on("listening", () => console.log(`port ${server.address().port}`));
