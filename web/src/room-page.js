// The room: who may come in, device check, call, chat. The call itself is room.js.

import { render } from "lit-html";
import { io } from "socket.io-client";
import { createBackend } from "./backend.js";
import { loadConfig } from "./config.js";
import { problem } from "./errors.js";
import { insecure, mediaProblem, meter, openMedia } from "./media.js";
import { Room } from "./room.js";
import { createStore } from "./store.js";
import { roomPage } from "./views/room-views.js";

/** @typedef {import("./types").RoomState} State */
/** @typedef {ReturnType<typeof createRoomActions>} RoomActions */

/** What the server calls it, and what a person reads. @type {Record<string, string>} */
const REFUSALS = {
  unknown_room: "There is no room with this id. Check that you copied all of it.",
  not_a_participant: "This room belongs to other people. Only the mentor and the student of a session can enter its room.",
  too_early: "The room is not open yet.",
  session_over: "This session is over, or it was cancelled.",
  room_full: "Two people are already in this room.",
  rate_limited: "Too many attempts in a short time. Wait a minute, then try again.",
  unauthorized: "Your sign-in has ended. Sign in again to go on.",
  replaced: "You have joined this room from another window or device. This one has stepped back.",
  unavailable: "The call server cannot decide right now. Trying again…",
  draining: "The call server is restarting. Trying again…",
  signaling_unreachable: "The call server cannot be reached. Trying again…",
  signaling_lost: "The line to the call server broke. A running call goes on; reconnecting…",
  turn_refused: "The relay server refused its credentials, so no path to the other side may be found. Tell the people who run this site; trying other paths.",
  negotiation: "The two browsers could not agree on a connection. Trying again…",
};
/** @param {string} code @param {string} [message] */
const sentence = (code, message) => REFUSALS[code] ?? message ?? "Something went wrong.";

const query = new URLSearchParams(location.search);

/** @type {State} */
const start = {
  phase: "starting", roomId: query.get("room") ?? "", session: null, opensAt: "", now: Date.now(),
  signError: "", signBusy: false, refusal: "",
  camera: true, microphone: true, screen: false, devices: [], cameraId: "", microphoneId: "", level: 0, mediaProblem: "", checking: false,
  local: null, remote: null, other: "", otherMedia: null, call: "idle", trouble: "", chat: [], chatOpen: false, unread: 0, announcement: "",
};

/**
 * @param {ReturnType<typeof createStore<State>>} store
 * @param {import("./backend.js").Backend} backend
 * @param {import("./types").Config} config
 */
function createRoomActions(store, backend, config) {
  const { update } = store;
  /** @type {Room | null} */ let room = null;
  let stopMeter = () => {};
  /** @type {MediaStream | null} */ let screen = null;

  const track = (/** @type {"audio" | "video"} */ kind) => store.state.local?.getTracks().find((track) => track.kind === kind) ?? null;
  const tellMedia = () => room?.setMedia({ audio: store.state.microphone && Boolean(track("audio")), video: store.state.screen || (store.state.camera && Boolean(track("video"))), screen: store.state.screen });
  const token = async () => (await backend.client.auth.getSession()).data.session?.access_token ?? "";

  const actions = {
    /** @param {FormData} form */
    async sign(form) {
      if (store.state.signBusy) return;
      update({ signBusy: true, signError: "" });
      try {
        await backend.signIn(String(form.get("email")), String(form.get("password")));
        await actions.arrive();
      } catch (error) {
        update({ signError: problem(error).message });
      }
      update({ signBusy: false });
    },

    /** Who am I, which session is it, may I come in. */
    async arrive() {
      const { data } = await backend.client.auth.getSession();
      if (!data.session) return update({ phase: "signed-out" });
      const { roomId } = store.state;
      if (!/^room-[a-z0-9]{8}$/.test(roomId)) return update({ phase: "refused", refusal: "unknown_room" });
      try {
        const [access, session] = await Promise.all([backend.roomAccess(roomId), backend.sessionOfRoom(roomId)]);
        update({ session, opensAt: access.opens_at ?? "", now: Date.now() });
        if (!access.may_join) return update({ phase: "refused", refusal: access.code });
      } catch (error) {
        const { code, message } = problem(error);
        if (code === "signed_out") return update({ phase: "signed-out" });
        return update({ phase: "refused", refusal: code, trouble: message });
      }
      update({ phase: "lobby" });
      await actions.check();
    },

    /** Opens camera and microphone anew. @param {Partial<Pick<State, "cameraId" | "microphoneId">>} [chosen] */
    async check(chosen = {}) {
      update({ ...chosen, checking: true });
      stopMeter();
      for (const old of store.state.local?.getTracks() ?? []) old.stop();
      const { stream, problem } = await openMedia({ camera: store.state.cameraId || undefined, microphone: store.state.microphoneId || undefined });
      const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
      update({ local: stream, devices: devices.filter(({ deviceId, kind }) => deviceId && kind !== "audiooutput"), mediaProblem: problem?.message ?? "", checking: false });
      for (const kind of /** @type {const} */ (["audio", "video"])) {
        const one = track(kind);
        if (one) one.enabled = kind === "audio" ? store.state.microphone : store.state.camera;
        if (room && !(kind === "video" && store.state.screen)) void room.setTrack(kind, one);
        // A camera that is pulled out is told, not silently black.
        one?.addEventListener("ended", () => update({ mediaProblem: `Your ${kind === "audio" ? "microphone" : "camera"} has gone away. Plug it in and check again.` }));
      }
      stopMeter = meter(stream, (level) => Math.abs(level - store.state.level) > 0.02 && update({ level }));
      tellMedia();
    },

    async join() {
      update({ phase: "call", call: "joining", trouble: "", refusal: "" });
      stopMeter();
      const mine = new Room({ io, url: config.signalingUrl, room: store.state.roomId, token, iceTransportPolicy: query.has("relay") ? "relay" : "all" });
      room = mine;
      const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ heard) =>
        mine.addEventListener(type, (event) => mine === room && heard(/** @type {CustomEvent} */ (event).detail));
      on("state", ({ state }) => {
        update({ call: state, announcement: SPOKEN[state]?.(store.state.other) ?? "", ...(state === "connected" ? { trouble: "" } : {}) });
        if (state === "waiting") update({ remote: null, otherMedia: null });
      });
      on("peer", ({ present, name }) => {
        const other = name || store.state.other;
        update({ other, announcement: present ? `${other} is here.` : `${other} has left.`, ...(present ? {} : { remote: null }) });
      });
      on("stream", ({ stream }) => update({ remote: stream }));
      on("media", (otherMedia) => update({ otherMedia }));
      on("message", ({ text, at }) => {
        const { chat, chatOpen, unread, other } = store.state;
        update({ chat: [...chat, { mine: false, text, at }], unread: chatOpen ? 0 : unread + 1, announcement: `${other}: ${text}` });
      });
      on("problem", ({ code, message }) => {
        // A refused relay matters only as long as no other path is found.
        if (code === "turn_refused" && store.state.call === "connected") return;
        update({ trouble: sentence(code, message) });
      });
      on("ended", ({ reason }) => over(reason));
      for (const kind of /** @type {const} */ (["audio", "video"])) void mine.setTrack(kind, track(kind));
      tellMedia();
      try {
        await mine.join();
        update({ trouble: "" });
      } catch (error) {
        over(/** @type {any} */ (error).code);
      }
    },

    leave() {
      room?.leave();
      over("left");
    },

    toggleMicrophone() {
      const microphone = !store.state.microphone;
      const one = track("audio");
      if (one) one.enabled = microphone;
      update({ microphone });
      tellMedia();
    },

    toggleCamera() {
      const camera = !store.state.camera;
      const one = track("video");
      if (one) one.enabled = camera;
      update({ camera });
      tellMedia();
    },

    async toggleScreen() {
      if (screen) return stopScreen();
      if (!navigator.mediaDevices?.getDisplayMedia) {
        return update({ trouble: isSecureContext ? "This browser cannot share its screen." : insecure.message });
      }
      try {
        screen = await navigator.mediaDevices.getDisplayMedia({ video: true });
      } catch (error) {
        // Closing the browser's own dialog is a choice, not a fault.
        if (/** @type {any} */ (error)?.name !== "NotAllowedError") update({ trouble: mediaProblem(error).message });
        return;
      }
      const [shown] = screen.getVideoTracks();
      shown.addEventListener("ended", stopScreen);
      update({ screen: true });
      await room?.setTrack("video", shown);
      tellMedia();
    },

    toggleChat() {
      update({ chatOpen: !store.state.chatOpen, unread: 0 });
    },

    /** True when the text is on its way. @param {string} text */
    say(text) {
      if (!text.trim()) return false;
      if (!room?.send(text)) {
        update({ trouble: "Nobody is connected right now. Your message is still in the field." });
        return false;
      }
      update({ chat: [...store.state.chat, { mine: true, text, at: Date.now() }] });
      return true;
    },

    refresh: (/** @type {string} */ fresh) => room?.refreshToken(fresh),
    /** For tests and support: what the connection does. */
    stats: async () => Object.fromEntries((await room?.getStats()) ?? []),
  };

  function stopScreen() {
    for (const shown of screen?.getTracks() ?? []) shown.stop();
    screen = null;
    update({ screen: false });
    void room?.setTrack("video", track("video"));
    tellMedia();
  }

  /** @param {string} reason */
  function over(reason) {
    stopMeter();
    for (const one of [...(store.state.local?.getTracks() ?? []), ...(screen?.getTracks() ?? [])]) one.stop();
    room = null;
    screen = null;
    update({ phase: reason === "left" ? "left" : "refused", refusal: reason, remote: null, local: null, screen: false, call: "idle", trouble: "" });
  }

  return { ...actions, sentence };
}

/** @type {Record<string, (name: string) => string>} */
const SPOKEN = {
  waiting: () => "You are in the room. Waiting for the other person.",
  connected: (name) => `Connected with ${name}.`,
  reconnecting: () => "The connection was lost. Reconnecting.",
};

async function main() {
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  const config = await loadConfig();
  const store = createStore(start);
  const backend = createBackend(config);
  const actions = createRoomActions(store, backend, config);
  let drawing = false;
  let phase = "";
  store.subscribe(() => {
    if (drawing) return;
    drawing = true;
    queueMicrotask(() => {
      drawing = false;
      if (!phase) root.replaceChildren();
      render(roomPage({ state: store.state, actions }), root);
      if (phase && phase !== store.state.phase) /** @type {HTMLElement | null} */ (root.querySelector("h1"))?.focus();
      phase = store.state.phase;
    });
  });
  backend.client.auth.onAuthStateChange((event, session) => {
    if (event === "TOKEN_REFRESHED" && session) actions.refresh(session.access_token);
  });
  addEventListener("pagehide", () => store.state.phase === "call" && actions.leave());
  setInterval(() => store.update({ now: Date.now() }), 10_000);
  Object.assign(window, { mentorkitStats: actions.stats });
  store.update({});
  await actions.arrive();
}

main().catch((error) => {
  const text = document.createElement("p");
  text.className = "fatal";
  text.setAttribute("role", "alert");
  text.textContent = error instanceof Error ? error.message : String(error);
  document.getElementById("app")?.replaceChildren(text);
});
