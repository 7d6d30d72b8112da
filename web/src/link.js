// One connection to one peer: offers, answers, candidates, tracks, the data channel, and healing. See room.js.

/** Each RTCPeerConnection writes its own number into the `o=` line. @param {string | undefined} sdp */
const originOf = (sdp) => /^o=\S+ (\d+)/m.exec(sdp ?? "")?.[1];

/**
 * @typedef {object} Ties  what a link asks of its room
 * @property {RTCIceServer[]} servers
 * @property {RTCIceTransportPolicy} policy
 * @property {number} patience
 * @property {(signal: object) => void} signal
 * @property {(type: string, detail: object) => void} tell
 * @property {() => void} connected
 * @property {() => void} opened
 * @property {() => void} interrupted
 * @property {() => Promise<RTCIceServer[]>} freshServers
 * @property {() => void} stuck
 */

/** One RTCPeerConnection to one peer, from its first signal to its end. */
export class Link {
  #makingOffer = false;
  #ignoringOffer = false;
  #started = false;
  #closed = false;
  #watchdog = 0;
  #healing = 0;
  /** @type {Promise<unknown>} signals are taken one after the other */ #queue = Promise.resolve();
  /** @type {RTCIceCandidateInit[]} candidates that came before their description */ #early = [];
  /** @type {Record<"audio" | "video", MediaStreamTrack | null>} */ #tracks = { audio: null, video: null };
  #stream = new MediaStream();
  connected = false;

  /** @param {string} peer @param {boolean} polite @param {Ties} ties */
  constructor(peer, polite, ties) {
    this.peer = peer;
    this.polite = polite;
    this.ties = ties;
    const pc = new RTCPeerConnection({ iceServers: ties.servers, iceTransportPolicy: ties.policy });
    this.pc = pc;
    this.channel = pc.createDataChannel("mentorkit", { negotiated: true, id: 0 });
    this.channel.onopen = () => ties.opened();
    this.channel.onmessage = ({ data }) => this.#heard(data);
    pc.onnegotiationneeded = () => this.#started && this.#offerNow();
    pc.onicecandidate = ({ candidate }) => candidate && ties.signal({ candidate: candidate.toJSON() });
    pc.onicecandidateerror = (event) => {
      const refused = event.errorCode === 401 || event.errorCode === 403 || event.errorCode === 438;
      if (refused && !this.connected) ties.tell("problem", { code: "turn_refused", message: event.errorText });
    };
    pc.ontrack = ({ track }) => {
      this.#stream.addTrack(track);
      ties.tell("stream", { stream: this.#stream });
    };
    pc.onconnectionstatechange = () => this.#moved();
    this.#watch();
  }

  /** The first offer: called on the side that was in the room first. */
  offer() {
    this.#started = true;
    // Both at once, before negotiationneeded fires: one offer holds everything.
    for (const kind of /** @type {const} */ (["audio", "video"])) {
      const { sender } = this.pc.addTransceiver(kind, { direction: "sendrecv" });
      void sender.replaceTrack(this.#tracks[kind]);
    }
  }

  /** @param {"audio" | "video"} kind @param {MediaStreamTrack | null} track */
  async setTrack(kind, track) {
    this.#tracks[kind] = track;
    await this.#sender(kind)?.sender.replaceTrack(track);
  }

  /** @param {object} message */
  send(message) {
    if (this.channel.readyState !== "open") return false;
    this.channel.send(JSON.stringify(message));
    return true;
  }

  /** @param {RTCSessionDescriptionInit | undefined} description */
  isOtherConnection(description) {
    const known = originOf(this.pc.remoteDescription?.sdp);
    return known !== undefined && known !== originOf(description?.sdp);
  }

  /** @param {{description?: RTCSessionDescriptionInit, candidate?: RTCIceCandidateInit | null}} signal */
  receive(signal) {
    this.#queue = this.#queue.then(() => this.#take(signal)).catch((error) => {
      if (!this.#closed) this.ties.tell("problem", { code: "negotiation", message: String(error) });
    });
    return this.#queue;
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#healing);
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  /** @param {{description?: RTCSessionDescriptionInit, candidate?: RTCIceCandidateInit | null}} signal */
  async #take({ description, candidate }) {
    if (this.#closed) return;
    const { pc } = this;
    if (description) {
      const glare = description.type === "offer" && (this.#makingOffer || pc.signalingState !== "stable");
      this.#ignoringOffer = glare && !this.polite;
      if (this.#ignoringOffer) return;
      await pc.setRemoteDescription(description);
      for (const waiting of this.#early.splice(0)) await pc.addIceCandidate(waiting);
      if (description.type !== "offer") return;
      for (const kind of /** @type {const} */ (["audio", "video"])) {
        const transceiver = this.#sender(kind);
        if (!transceiver) continue;
        transceiver.direction = "sendrecv";
        await transceiver.sender.replaceTrack(this.#tracks[kind]);
      }
      await pc.setLocalDescription();
      this.#started = true;
      this.ties.signal({ description: pc.localDescription?.toJSON() });
    } else if (candidate) {
      if (!pc.remoteDescription) this.#early.push(candidate);
      else {
        await pc.addIceCandidate(candidate).catch((error) => {
          if (!this.#ignoringOffer) throw error;
        });
      }
    }
  }

  async #offerNow() {
    try {
      this.#makingOffer = true;
      await this.pc.setLocalDescription();
      this.ties.signal({ description: this.pc.localDescription?.toJSON() });
    } catch (error) {
      if (!this.#closed) this.ties.tell("problem", { code: "negotiation", message: String(error) });
    } finally {
      this.#makingOffer = false;
    }
  }

  /** @param {"audio" | "video"} kind */
  #sender(kind) {
    return this.pc.getTransceivers().find((transceiver) => transceiver.receiver.track.kind === kind);
  }

  /** @param {string} data */
  #heard(data) {
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof message?.text === "string") this.ties.tell("message", { text: message.text.slice(0, 4000), at: Date.now() });
    if (message?.media && typeof message.media === "object") this.ties.tell("media", message.media);
  }

  #moved() {
    const { connectionState } = this.pc;
    if (connectionState === "connected") {
      this.connected = true;
      clearTimeout(this.#watchdog);
      this.ties.connected();
    } else if (connectionState === "disconnected" || connectionState === "failed") {
      this.connected = false;
      this.ties.interrupted();
      this.#watch();
      // A short interruption heals by itself; a changed network does not.
      clearTimeout(this.#healing);
      this.#healing = setTimeout(() => !this.#closed && !this.connected && this.#restart(), connectionState === "failed" ? 0 : 1500);
    }
  }

  /** A changed network needs a new path; the credentials of the old one may have ended. */
  async #restart() {
    const iceServers = await this.ties.freshServers();
    if (this.#closed) return;
    this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers });
    this.pc.restartIce();
  }

  #watch() {
    clearTimeout(this.#watchdog);
    // The newcomer waits longer: the member there rebuilds first.
    const patience = this.ties.patience * (this.polite ? 1.5 : 1);
    this.#watchdog = setTimeout(() => !this.#closed && !this.connected && this.ties.stuck(), patience);
  }
}
