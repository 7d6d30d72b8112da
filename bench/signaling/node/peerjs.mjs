// The PeerJS server as its package ships it; it relays between any two ids and asks nobody.
import { PeerServer } from "peer";

const server = PeerServer(
  { port: 0, host: "127.0.0.1", path: "/", concurrent_limit: 100000 },
  (listening) => console.log(`port ${listening.address().port}`),
);
server.on("error", (error) => console.error(error));
