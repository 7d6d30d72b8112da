// A signaling server as one writes it on Node's socket.io: join, signal to a peer of the room, leave.
// With ADMISSION=<project url> it verifies ES256 tokens and asks the room RPC, as ours does.
import crypto from "node:crypto";
import http from "node:http";
import { Server } from "socket.io";

const project = process.env.ADMISSION;
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
let keys = new Map();

function ask(method, path, token, body) {
  return new Promise((resolve, reject) => {
    const headers = { apikey: "bench", "content-type": "application/json" };
    if (token) headers.authorization = `Bearer ${token}`;
    if (body) headers["content-length"] = Buffer.byteLength(body);
    const request = http.request(project + path, { method, agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (text += part));
      response.on("end", () => resolve(JSON.parse(text)));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function verify(token) {
  const [head, body, signature] = token.split(".");
  const { kid } = JSON.parse(Buffer.from(head, "base64url"));
  const key = keys.get(kid);
  const signed = key && crypto.verify(
    "sha256",
    Buffer.from(`${head}.${body}`),
    { key, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  const claims = JSON.parse(Buffer.from(body, "base64url"));
  if (!signed || claims.exp < Date.now() / 1000 || claims.aud !== "authenticated") throw new Error("unauthorized");
  return claims;
}

if (project) {
  const document = await ask("GET", "/auth/v1/.well-known/jwks.json");
  keys = new Map(document.keys.map((key) => [key.kid, crypto.createPublicKey({ key, format: "jwk" })]));
}

const web = http.createServer();
const io = new Server(web, { transports: ["websocket"], serveClient: false });
const rooms = new Map();

io.use((socket, next) => {
  if (!project) return next();
  try {
    socket.data.claims = verify(socket.handshake.auth.token);
    next();
  } catch {
    next(new Error("unauthorized"));
  }
});

io.on("connection", (socket) => {
  let room = null;
  const leave = () => {
    const inside = rooms.get(room);
    if (!inside) return;
    inside.delete(socket.id);
    if (inside.size === 0) rooms.delete(room);
    for (const other of inside.values()) other.emit("peer-left", { peer: socket.id });
    room = null;
  };
  socket.on("join", async (wanted, ack) => {
    if (project) {
      const said = await ask("POST", "/rest/v1/rpc/room_access", socket.handshake.auth.token,
        JSON.stringify({ room_id: wanted.room }));
      if (said.may_join !== true) return ack({ error: { code: said.code } });
    }
    const inside = rooms.get(wanted.room) ?? new Map();
    if (inside.size >= 2) return ack({ error: { code: "room_full" } });
    rooms.set(wanted.room, inside);
    const peers = [...inside.keys()].map((peer) => ({ peer }));
    for (const other of inside.values()) other.emit("peer-joined", { peer: socket.id });
    inside.set(socket.id, socket);
    room = wanted.room;
    ack({ peer: socket.id, peers });
  });
  socket.on("signal", ({ to, ...payload }) => {
    const target = rooms.get(room)?.get(to);
    if (target) target.emit("signal", { from: socket.id, ...payload });
  });
  socket.on("disconnect", leave);
});

web.listen(0, "127.0.0.1", () => console.log(`port ${web.address().port}`));
