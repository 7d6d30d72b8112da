// What the room looks like: lobby, call, chat, and the door when it is shut.

import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { createRef, ref } from "lit-html/directives/ref.js";
import { momentText, ownZone, relativeText, timeText } from "../time.js";
import { icon, mark, skeleton, title, working } from "./parts.js";

/** @typedef {{state: import("../types").RoomState, actions: import("../room-page.js").RoomActions}} View */

/** @param {View} view */
export function roomPage(view) {
  const { state } = view;
  if (state.phase === "starting") return html`<main class="page">${skeleton(3)}</main>`;
  if (state.phase === "call") return call(view);
  const shown = { "signed-out": signedOut, lobby, refused, left }[state.phase];
  return html`<header class="top"><a class="brand" href="index.html">${mark}<span>mentorkit</span></a></header>
    <main class="page door">${shown(view)}</main>`;
}

/** @param {MediaStream | null} stream */
const plays = (stream) => (/** @type {Element | undefined} */ element) => {
  const video = /** @type {HTMLVideoElement | undefined} */ (element);
  if (video && video.srcObject !== stream) video.srcObject = stream;
};

/** @param {View} view */
function signedOut({ state, actions }) {
  return html`<section class="card narrow">${title("Sign in to enter the room")}
    <form novalidate @submit=${(/** @type {Event} */ event) => { event.preventDefault(); void actions.sign(new FormData(/** @type {HTMLFormElement} */ (event.target))); }}>
      <label class="field"><span>E-mail</span><input name="email" type="email" autocomplete="email"></label>
      <label class="field"><span>Password</span><input name="password" type="password" autocomplete="current-password"></label>
      <p class="form-error" role="alert">${state.signError}</p>
      <button class="button primary wide" aria-disabled=${state.signBusy ? "true" : nothing}>${working(state.signBusy, "Sign in")}</button>
    </form></section>`;
}

/** @param {View} view */
function lobby({ state, actions }) {
  const choose = (/** @type {string} */ kind, /** @type {string} */ label, /** @type {"cameraId" | "microphoneId"} */ name) => {
    const devices = state.devices.filter((device) => device.kind === kind);
    return devices.length > 1 ? html`<label class="field"><span>${label}</span><select @change=${(/** @type {Event} */ event) => actions.check({ [name]: /** @type {HTMLSelectElement} */ (event.target).value })}>
      ${devices.map((device) => html`<option value=${device.deviceId} ?selected=${device.deviceId === state[name]}>${device.label || label}</option>`)}</select></label>` : nothing;
  };
  const seen = Boolean(state.local?.getVideoTracks().length);
  const heard = Boolean(state.local?.getAudioTracks().length);
  return html`<div class="lobby">
    <div class="preview ${seen && state.camera ? "" : "preview-off"}">
      <video class="mirrored" muted autoplay playsinline aria-label="Your camera" ${ref(plays(state.local))}></video>
      ${seen && state.camera ? nothing : html`<p>${state.checking ? "Looking for your camera…" : seen ? "Your camera is off" : "No camera"}</p>`}
      ${toggles({ state, actions })}
    </div>
    <section>
      ${title(state.session?.title ?? "Your session")}
      <p class="quiet">${state.session ? html`${momentText(state.session.scheduled_time, ownZone(), state.now)} · ` : nothing}<code>${state.roomId}</code></p>
      ${state.mediaProblem ? html`<div class="banner" role="alert"><p>${state.mediaProblem}</p></div>` : nothing}
      ${heard ? html`<label class="field"><span>Say something: the bar moves when your microphone hears you</span>
        <meter min="0" max="1" low="0.02" .value=${state.microphone ? state.level : 0}></meter></label>` : nothing}
      ${choose("videoinput", "Camera", "cameraId")}${choose("audioinput", "Microphone", "microphoneId")}
      <div class="row"><button class="button primary" ?disabled=${state.checking} @click=${actions.join}>${icon("video")}${seen || heard ? "Join" : "Join without camera and microphone"}</button>
        ${state.mediaProblem ? html`<button class="button" @click=${() => actions.check()}>Check again</button>` : nothing}</div>
    </section></div>`;
}

/** @param {View} view */
function toggles({ state, actions }) {
  return html`<button class="round ${state.microphone ? "" : "off"}" aria-pressed=${state.microphone ? "true" : "false"} @click=${actions.toggleMicrophone}>${glyph(state.microphone ? "mic" : "micOff")}<span>${state.microphone ? "Mute" : "Unmute"}</span></button>
    <button class="round ${state.camera ? "" : "off"}" aria-pressed=${state.camera ? "true" : "false"} @click=${actions.toggleCamera}>${glyph(state.camera ? "cam" : "camOff")}<span>${state.camera ? "Stop camera" : "Start camera"}</span></button>`;
}

/** @param {View} view */
function call(view) {
  const { state, actions } = view;
  const other = state.other || "the other person";
  const seen = state.remote && state.call !== "waiting" && state.otherMedia?.video !== false;
  return html`<div class="call ${state.chatOpen ? "call-chatting" : ""}">
    <header class="call-top"><h1 tabindex="-1">${state.session?.title ?? state.roomId}</h1>
      <p class="call-state call-${state.call}" data-testid="call-state" data-state=${state.call}><span class="live-dot" aria-hidden="true"></span>${STATES[state.call] ?? state.call}</p>
      <p class="sr" role="status" aria-live="polite">${state.announcement}</p>
    </header>
    <main class="stage">
      <video class="remote" data-testid="remote" autoplay playsinline aria-label="Video of ${other}" ?hidden=${!seen} ${ref(plays(state.remote))}></video>
      ${seen ? nothing : html`<div class="stage-empty"><p>${state.call === "waiting" ? "You are the first one here. Leave this page open: the call starts by itself." : state.call === "connected" ? `${other} has the camera off` : "Finding a path to the other side…"}</p></div>`}
      ${state.other && state.call !== "waiting" ? html`<p class="nameplate">${state.other}${state.otherMedia?.audio === false ? html`${glyph("micOff")}<span class="sr">, microphone off</span>` : nothing}${state.otherMedia?.screen ? " shares a screen" : ""}</p>` : nothing}
      <div class="self ${state.camera && state.local?.getVideoTracks().length ? "" : "self-off"}"><video class="mirrored" data-testid="self" muted autoplay playsinline aria-label="Your camera" ${ref(plays(state.local))}></video></div>
      ${state.trouble ? html`<p class="call-trouble" role="alert" data-testid="trouble">${state.trouble}</p>` : nothing}
    </main>
    ${state.chatOpen ? chat(view) : nothing}
    <footer><div class="controls" role="toolbar" aria-label="Call">
      ${toggles(view)}
      <button class="round ${state.screen ? "on" : ""}" aria-pressed=${state.screen ? "true" : "false"} @click=${actions.toggleScreen}>${glyph("screen")}<span>${state.screen ? "Stop sharing" : "Share screen"}</span></button>
      <button class="round ${state.chatOpen ? "on" : ""}" aria-expanded=${state.chatOpen ? "true" : "false"} @click=${actions.toggleChat}>${glyph("chat")}<span>Chat</span>${state.unread ? html`<span class="count">${state.unread}<span class="sr"> unread</span></span>` : nothing}</button>
      <button class="round leave" @click=${actions.leave}>${glyph("leave")}<span>Leave</span></button>
    </div></footer></div>`;
}

/** @type {Record<string, string>} */
const STATES = { joining: "Entering…", waiting: "Waiting", connecting: "Connecting…", connected: "Connected", reconnecting: "Reconnecting…" };

/** @param {View} view */
function chat({ state, actions }) {
  const field = createRef();
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    const input = /** @type {HTMLInputElement} */ (field.value);
    if (actions.say(input.value)) input.value = "";
  };
  const newest = (/** @type {Element | undefined} */ list) => list?.scrollTo({ top: list.scrollHeight });
  return html`<aside class="chat" aria-label="Chat">
    <ol class="chat-list" tabindex="0" aria-label="Messages" ${ref(newest)}>
      ${state.chat.length ? nothing : html`<li class="quiet">Messages are seen by the two of you, and kept nowhere.</li>`}
      ${repeat(state.chat, (_, at) => at, (message) => html`<li class=${message.mine ? "mine" : ""}><p><span class="sr">${message.mine ? "You" : state.other}: </span>${message.text}</p><time class="quiet">${timeText(message.at, ownZone())}</time></li>`)}
    </ol>
    <form class="chat-say" @submit=${send}><input aria-label="Message" maxlength="2000" autocomplete="off" ${ref(field)}><button class="button primary">Send</button></form>
  </aside>`;
}

/** @param {View} view */
function refused({ state, actions }) {
  const early = state.refusal === "too_early" && state.opensAt;
  return html`<section class="card narrow shut" data-testid="refused" data-code=${state.refusal}>
    ${title(early ? "You are early" : state.refusal === "replaced" ? "Continued elsewhere" : "You cannot enter this room")}
    <p role="alert">${actions.sentence(state.refusal, state.trouble || undefined)}</p>
    ${early ? html`<p>It opens <b>${momentText(state.opensAt, ownZone(), state.now)}</b>, ${relativeText(state.opensAt, state.now)}.</p>` : nothing}
    <p class="quiet"><code>${state.roomId}</code></p>
    <div class="row"><a class="button primary" href="index.html">Back to your sessions</a><button class="button" @click=${actions.arrive}>${state.refusal === "replaced" ? "Continue here" : "Try again"}</button></div>
  </section>`;
}

/** @param {View} view */
function left({ state, actions }) {
  return html`<section class="card narrow shut">${title("You have left the room")}
    <p class="quiet">${state.session?.title} · <code>${state.roomId}</code></p>
    <div class="row"><a class="button primary" href="index.html">Back to your sessions</a><button class="button" @click=${actions.arrive}>Enter again</button></div></section>`;
}

const GLYPHS = {
  mic: html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 14.5a3 3 0 0 0 3-3v-5a3 3 0 1 0-6 0v5a3 3 0 0 0 3 3Zm-6-3.500a6 6 0 0 0 12 0M12 17v3.500"/></svg>`,
  micOff: html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M15 9.500v-3a3 3 0 0 0-5.800-1M9 9v2.500a3 3 0 0 0 4.500 2.600M6 11a6 6 0 0 0 9.500 4.900M17.700 12.800A6 6 0 0 0 18 11M12 17v3.500M4 4l16 16"/></svg>`,
  cam: html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M4.500 7h8.600a1.500 1.500 0 0 1 1.500 1.500v7a1.500 1.500 0 0 1-1.500 1.500H4.500A1.500 1.500 0 0 1 3 15.500v-7A1.500 1.500 0 0 1 4.500 7Zm10.100 4 6.400-3.500v9L14.600 13"/></svg>`,
  camOff: html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M9.500 7h3.600a1.500 1.500 0 0 1 1.500 1.500V11l6.400-3.500v9L16 13.800M14.600 14.600v.9a1.500 1.500 0 0 1-1.500 1.500H4.500A1.500 1.500 0 0 1 3 15.500v-7A1.500 1.500 0 0 1 4.500 7h.6M4 4l16 16"/></svg>`,
  screen: html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M4.500 5h15A1.500 1.500 0 0 1 21 6.500v8a1.500 1.500 0 0 1-1.500 1.500h-15A1.500 1.500 0 0 1 3 14.500v-8A1.500 1.500 0 0 1 4.500 5ZM8.500 19.500h7M12 13V8m-2.300 2.200L12 8l2.300 2.200"/></svg>`,
  chat: html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M5 5h14a1.500 1.500 0 0 1 1.500 1.500v8A1.500 1.500 0 0 1 19 16h-7l-4.500 3.700V16H5a1.500 1.500 0 0 1-1.500-1.500v-8A1.500 1.500 0 0 1 5 5Z"/></svg>`,
  leave: html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M3.500 14.200c4.500-5 12.500-5 17 0l-2.200 2.600-3.600-1.700v-2.500a10 10 0 0 0-5.400 0v2.500l-3.600 1.700z"/></svg>`,
};
/** @param {keyof typeof GLYPHS} name */
const glyph = (name) => GLYPHS[name];
