/**
 * A room of mentorkit in the browser: two people, WebRTC, one data channel. Import it or copy it: it needs
 * nothing but a `socket.io-client` and knows no page.
 *
 *     import { io } from "socket.io-client";
 *     import { Room } from "./room.js";
 *
 *     const room = new Room({ io, url: signalingUrl, room: "room-a3b5c7d9", token: async () => accessToken });
 *     room.addEventListener("stream", (event) => { video.srcObject = event.detail.stream; });
 *     room.addEventListener("message", (event) => { console.log(event.detail.text); });
 *     room.setTrack("video", stream.getVideoTracks()[0]);
 *     await room.join();          // rejects with a RoomProblem: its `code` says why
 *     room.send("hello");
 *     room.leave();
 *
 * Events (`event.detail`): `state` {state}, `peer` {present, name, reason}, `stream` {stream}, `message` {text, at},
 * `media` {audio, video, screen} of the other side, `problem` {code, message}, `ended` {reason}.
 * States: idle, joining, waiting (alone), connecting, connected, reconnecting, ended.
 *
 * The rule that makes calls reliable: only the member already in the room makes the first offer, and the
 * newcomer builds its connection on that offer. After that both sides may offer at any time ("perfect
 * negotiation"); the member already there is the impolite one. The signaling server tells each its part.
 */

import { Link } from "./link.js";

/** Why a room could not be joined or goes badly: `code` is stable, `message` is the server's sentence. */
export class RoomProblem extends Error {
  /** @param {string} code @param {string} [message] */
  constructor(code, message) {
    super(message ?? code);
    this.code = code;
  }
}

/** @typedef {{peer: string, name: string, polite?: boolean}} Peer */

/** A peer is told of as `{peer, name, polite}`, or by its bare id. @param {any} entry @returns {Peer} */
const peerOf = (entry) => (typeof entry === "string" ? { peer: entry, name: "" } : { name: "", ...entry });

/**
 * @typedef {object} RoomOptions
 * @property {(url: string, options: object) => any} io  `io` of socket.io-client
 * @property {string} url  origin of the signaling server
 * @property {string} room  the room id
 * @property {() => Promise<string>} token  gives a Supabase access token; asked again on each connection
 * @property {RTCIceTransportPolicy} [iceTransportPolicy]  "relay" forces TURN
 * @property {number} [patience]  ms after which a connection that does not come up is built anew; 10,000
 */

export class Room extends EventTarget {
  /** @type {any} */ #socket = null;
  /** @type {Link | null} */ #link = null;
  /** @type {Record<"audio" | "video", MediaStreamTrack | null>} */ #tracks = { audio: null, video: null };
  #media = { audio: false, video: false, screen: false };
  #wasConnected = false;
  /** What the server knows us by, and the number of the last signal: with them a lost connection is taken up again. */
  /** @type {{peer: string, secret: string} | undefined} */ #presence;
  #seen = 0;
  #left = false;
  /** @type {RTCIceServer[]} */ #iceServers = [];
  /** Names by peer, for peers that were announced before their link exists. @type {Map<string, string>} */ #names = new Map();
  state = "idle";

  /** @param {RoomOptions} options */
  constructor(options) {
    super();
    this.options = options;
  }

  /** Connects, asks for a place and answers once it is given; the call follows by itself. */
  async join() {
    this.#enter("joining");
    const { io, url, token } = this.options;
    const socket = io(url, {
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 300,
      reconnectionDelayMax: 3000,
      auth: (/** @type {(auth: object) => void} */ give) => {
        token().then((value) => give({ token: value }), () => give({ token: "" }));
      },
    });
    this.#socket = socket;
    socket.on("signal", (/** @type {any} */ signal) => this.#signalled(signal));
    socket.on("peer-joined", (/** @type {any} */ entry) => this.#peerJoined(peerOf(entry)));
    socket.on("peer-left", (/** @type {{peer: string, reason: string}} */ { peer, reason }) => this.#peerLeft(peer, reason));
    socket.on("room-closed", (/** @type {{reason: string}} */ { reason }) => this.#end(reason));
    socket.on("disconnect", (/** @type {string} */ reason) => {
      if (this.#left) return;
      this.#tell("problem", { code: "signaling_lost", message: reason });
      if (!this.#link?.connected) this.#enter("reconnecting");
      // The server hung up by itself: socket.io leaves it to us to come back.
      if (reason === "io server disconnect") setTimeout(() => !this.#left && socket.connect(), 500);
    });
    let admitted = false;
    await new Promise((resolve, reject) => {
      socket.on("connect", async () => {
        try {
          await this.#ask();
          admitted = true;
          resolve(undefined);
        } catch (error) {
          if (admitted) this.#refusedAgain(/** @type {RoomProblem} */ (error));
          else reject(error);
        }
      });
      socket.on("connect_error", (/** @type {any} */ error) => {
        const code = error?.data?.code ?? (socket.active ? "signaling_unreachable" : "unauthorized");
        const problem = new RoomProblem(code, error?.data?.message ?? error?.message);
        const passing = socket.active || code === "draining" || code === "unavailable" || code === "rate_limited";
        // socket.io tries again by itself unless it was the server that said no.
        if (passing && !socket.active) setTimeout(() => !this.#left && socket.connect(), 1000);
        if (passing) this.#tell("problem", { code: problem.code, message: problem.message });
        else if (admitted) this.#refusedAgain(problem);
        else reject(problem);
      });
    }).catch((error) => {
      this.leave();
      throw error;
    });
  }

  /** Says goodbye and closes everything. */
  leave() {
    if (this.#left) return;
    this.#left = true;
    if (this.#socket?.connected) this.#socket.emit("leave", {});
    this.#drop();
    this.#socket?.disconnect();
    this.#enter("ended");
  }

  /** Sends chat text; false when nobody is connected. @param {string} text */
  send(text) {
    return this.#link?.send({ text: text.slice(0, 4000) }) ?? false;
  }

  /**
   * What the other side receives of this kind; null for nothing. May be called at any time.
   * @param {"audio" | "video"} kind @param {MediaStreamTrack | null} track
   */
  async setTrack(kind, track) {
    this.#tracks[kind] = track;
    await this.#link?.setTrack(kind, track);
  }

  /** Tells the other side what is on, so its page can say so. @param {{audio: boolean, video: boolean, screen: boolean}} media */
  setMedia(media) {
    this.#media = media;
    this.#link?.send({ media });
  }

  /** Statistics of the running connection. @returns {Promise<RTCStatsReport | null>} */
  async getStats() {
    return (await this.#link?.pc.getStats()) ?? null;
  }

  /** Gives the server a refreshed token, so that a long call is not ended at the old one's expiry. @param {string} token */
  refreshToken(token) {
    this.#socket?.emit("access_token", { token });
  }

  // ------------------------------------------------------------------ signaling

  async #ask() {
    const request = { room: this.options.room, ...(this.#presence && { resume: { ...this.#presence, seen: this.#seen } }) };
    const answer = await this.#socket.timeout(10_000).emitWithAck("join", request)
      .catch(() => ({ error: { code: "signaling_unreachable" } }));
    if (answer?.error) throw new RoomProblem(answer.error.code, answer.error.message);
    this.#iceServers = answer.iceServers ?? [];
    this.#presence = answer.resume;
    if (!answer.resumed) this.#seen = 0;
    this.expiresAt = answer.expiresAt;
    const others = (answer.peers ?? []).map(peerOf);
    // Taken up again where it broke off: a call that still runs goes on.
    if (answer.resumed && others.some((/** @type {Peer} */ other) => other.peer === this.#link?.peer)) {
      this.#enter(this.#link?.connected ? "connected" : "reconnecting");
      return;
    }
    // Alone after signaling came back anew: the same, until the other one returns.
    if (!others.length && !this.#link?.connected) {
      this.#drop();
      this.#enter("waiting");
    }
    for (const other of others) {
      this.#names.set(other.peer, other.name);
      this.#tell("peer", { present: true, name: other.name });
      this.#connect(other.peer, other.polite ?? true);
      if (other.polite === false) this.#link?.offer();
    }
  }

  /** @param {RoomProblem} problem */
  #refusedAgain(problem) {
    if (problem.code === "signaling_unreachable") return;
    this.#tell("problem", { code: problem.code, message: problem.message });
    this.#end(problem.code);
  }

  /** @param {{peer: string, name: string}} entry */
  #peerJoined({ peer, name }) {
    this.#names.set(peer, name);
    this.#tell("peer", { present: true, name });
    this.#connect(peer, false);
    this.#link?.offer();
  }

  /** @param {string} peer @param {string} reason */
  #peerLeft(peer, reason) {
    if (this.#link?.peer !== peer) return;
    this.#tell("peer", { present: false, name: this.#names.get(peer) ?? "", reason });
    this.#drop();
    this.#enter("waiting");
  }

  /** @param {{from: string, seq?: number, description?: RTCSessionDescriptionInit, candidate?: RTCIceCandidateInit | null}} signal */
  #signalled(signal) {
    this.#seen = signal.seq ?? this.#seen;
    const offer = signal.description?.type === "offer";
    if (!this.#link || this.#link.peer !== signal.from) {
      // Early is not lost: a signal of somebody not yet announced opens the link itself.
      this.#connect(signal.from, true);
    } else if (offer && this.#link.isOtherConnection(signal.description)) {
      // The other side built its connection anew; ours cannot follow, so it is built anew as well.
      this.#connect(signal.from, this.#link.polite);
    }
    void this.#link?.receive(signal);
  }

  // ------------------------------------------------------------------ the link

  /** @param {string} peer @param {boolean} polite */
  #connect(peer, polite) {
    this.#drop();
    this.#enter(this.#wasConnected ? "reconnecting" : "connecting");
    const link = new Link(peer, polite, {
      servers: this.#iceServers,
      policy: this.options.iceTransportPolicy ?? "all",
      patience: this.options.patience ?? 10_000,
      signal: (signal) => this.#socket?.emit("signal", { to: peer, ...signal }),
      tell: (type, detail) => link === this.#link && this.#tell(type, detail),
      connected: () => {
        if (link !== this.#link) return;
        this.#wasConnected = true;
        this.#enter("connected");
      },
      opened: () => link.send({ media: this.#media }),
      interrupted: () => link === this.#link && this.#enter("reconnecting"),
      freshServers: () => this.#freshServers(),
      stuck: () => link === this.#link && this.#rebuild(peer, polite),
    });
    this.#link = link;
    for (const kind of /** @type {const} */ (["audio", "video"])) void link.setTrack(kind, this.#tracks[kind]);
  }

  /** TURN credentials end; a new path needs new ones. */
  async #freshServers() {
    const answer = await this.#socket?.timeout(5000).emitWithAck("ice_servers", {}).catch(() => null);
    if (answer?.iceServers) this.#iceServers = answer.iceServers;
    return this.#iceServers;
  }

  /** @param {string} peer @param {boolean} polite */
  async #rebuild(peer, polite) {
    if (this.#left || !this.#socket?.connected) return;
    this.#connect(peer, polite);
    if (!polite) {
      this.#link?.offer();
      return;
    }
    // The newcomer makes no first offer. It comes in again, and the member there offers anew.
    this.#drop();
    this.#presence = undefined;
    this.#socket.emit("leave", {});
    await this.#ask().catch((error) => this.#refusedAgain(error));
  }

  #drop() {
    const link = this.#link;
    this.#link = null;
    link?.close();
  }

  /** @param {string} reason */
  #end(reason) {
    if (this.#left) return;
    this.leave();
    this.#tell("ended", { reason });
  }

  /** @param {string} state */
  #enter(state) {
    if (this.state === state) return;
    this.state = state;
    this.#tell("state", { state });
  }

  /** @param {string} type @param {object} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
