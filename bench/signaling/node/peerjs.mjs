// The PeerJS server as its package ships it; it relays between any two ids and asks nobody.
// The bench's clients send no heartbeats, so it must not miss them.
import { PeerServer } from "peer";

const server = PeerServer(
  { port: 0, host: "127.0.0.1", path: "/", concurrent_limit: 100000, alive_timeout: 3600000 },
  (listening) => console.log(`port ${listening.address().port}`),
);
server.on("error", (error) => console.error(error));
