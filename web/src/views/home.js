// What comes next: the next session large, the ones after it by day, and what waits for an answer.

import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { dayText, durationText, momentText, nearDay, otherDay, relativeText, spanText, timeText, wallClock, zoneText } from "../time.js";
import { avatar, emptyState, icon, sessionBadge, skeleton, stars, title } from "./parts.js";
import { requestCard } from "./requests.js";

/** @typedef {import("./parts.js").View} View */
/** @typedef {import("../types").Session} Session */

/** @param {import("../types").State} state */
export function upcoming(state) {
  return (state.sessions ?? [])
    .filter((session) => ["scheduled", "ongoing"].includes(session.status) && Date.parse(session.end_time) > state.now)
    .sort((a, b) => a.scheduled_time.localeCompare(b.scheduled_time));
}

/** @param {View} view */
export function home(view) {
  const { state } = view;
  if (!state.sessions || !state.requests) return html`${title("Upcoming sessions")}${skeleton(4)}`;
  const zone = state.profile?.time_zone ?? "UTC";
  const coming = upcoming(state);
  const days = Map.groupBy(coming.slice(1), (session) => wallClock(session.scheduled_time, zone).date);
  const mine = state.user?.id;
  const waiting = state.requests.filter(({ status }) => status === "pending");
  const toAnswer = waiting.filter(({ mentor_id }) => mentor_id === mine);
  const asked = waiting.filter(({ student_id }) => student_id === mine);
  return html`${title("Upcoming sessions")}
    <div class="columns">
      <section class="column-wide" aria-label="Upcoming sessions">
        ${coming.length ? next(view, coming[0]) : emptyState("calendar", "Nothing is planned",
          state.profile?.is_mentor ? "Sessions you approve appear here." : "Ask a mentor for a session; it appears here once it is approved.",
          html`<a class="button primary" href="#/mentors">Find a mentor</a>`)}
        ${repeat(days, ([day]) => day, ([, sessions]) => html`
          <h2 class="day">${nearDay(sessions[0].scheduled_time, zone, state.now) ? html`<b>${nearDay(sessions[0].scheduled_time, zone, state.now)}</b> ` : nothing}<span>${dayText(sessions[0].scheduled_time, zone, state.now)}</span></h2>
          <ol class="rail">${repeat(sessions, ({ id }) => id, (session) => sessionRow(view, session))}</ol>`)}
      </section>
      <section class="column-side">
        ${state.profile?.is_mentor || toAnswer.length ? html`<h2>Waiting for your answer</h2>
          ${toAnswer.length ? html`<ul class="stack">${repeat(toAnswer, ({ id }) => id, (request) => requestCard(view, request))}</ul>`
            : html`<p class="quiet">No open requests. New ones pop up here by themselves.</p>`}` : nothing}
        ${!state.profile?.is_mentor || asked.length ? html`<h2>Your open requests</h2>
          ${asked.length ? html`<ul class="stack">${repeat(asked, ({ id }) => id, (request) => requestCard(view, request))}</ul>`
            : html`<p class="quiet">You are not waiting for any answer.</p>`}` : nothing}
      </section>
    </div>`;
}

/** Doors open a quarter of an hour early. @param {Session} session @param {number} now */
const isSoon = (session, now) => Date.parse(session.scheduled_time) - now <= 15 * 60_000;

/** @param {Session} session */
export const roomLink = (session) => `room.html?room=${encodeURIComponent(session.video_room_id ?? "")}`;

/** @param {View} view @param {Session} session */
function other({ state }, session) {
  const id = session.mentor_id === state.user?.id ? session.student_id : session.mentor_id;
  return { id, role: session.mentor_id === id ? "mentor" : "student", profile: state.people[id] };
}

/** @param {View} view @param {Session} session */
function next(view, session) {
  const { state } = view;
  const zone = state.profile?.time_zone ?? "UTC";
  const { profile } = other(view, session);
  const running = Date.parse(session.scheduled_time) <= state.now;
  const near = nearDay(session.scheduled_time, zone, state.now);
  return html`<article class="next" aria-label="Next session" data-testid="session" data-room=${session.video_room_id ?? nothing}>
    <div class="slot-head"><p class="next-when">${running ? "Now" : `Next, ${relativeText(session.scheduled_time, state.now)}`}</p>${sessionBadge(session.status)}</div>
    <div class="next-time"><time datetime=${session.scheduled_time}>${timeText(session.scheduled_time, zone)}</time><span>${near || dayText(session.scheduled_time, zone, state.now)}</span></div>
    <h2 class="next-title">${session.title}</h2>
    <p class="next-who">with ${profile?.name ?? "…"}${profile && profile.time_zone !== zone
      ? ` · ${otherDay(session.scheduled_time, zone, profile.time_zone)} ${timeText(session.scheduled_time, profile.time_zone)} in ${zoneText(profile.time_zone)}` : ""} · ${durationText(session.duration)}</p>
    ${session.description ? html`<p class="next-text clamp">${session.description}</p>` : nothing}
    ${proposal(view, session)}
    ${notes(view, session)}
    ${doors(view, session, isSoon(session, state.now) ? "primary" : "ghost", "ghost")}
  </article>`;
}

/** The ways into a session, and out of it. @param {View} view @param {Session} session @param {string} join @param {string} copy */
function doors({ state, actions }, session, join, copy) {
  const room = session.video_room_id ?? "";
  return html`<div class="row slot-actions"><a class="button small ${join}" href=${roomLink(session)}>${icon("video")}Join Video Call<span class="sr"> for ${session.title}</span></a>
    <span class="room"><code>${room}</code><button class="button small ${copy}" @click=${() => actions.copy(room)}>${state.copied === room
      ? html`${icon("check")}Copied` : html`${icon("copy")}Copy`}<span class="sr"> room id ${room}</span></button></span>
    <span class="slot-more">
      ${session.status === "scheduled" && Date.parse(session.scheduled_time) > state.now ? html`<button class="button small quiet-button" @click=${() => actions.openDialog("move", session.id)}>Reschedule…<span class="sr"> ${session.title}</span></button>` : nothing}
      ${mayNote(state, session) ? html`<button class="button small quiet-button" @click=${() => actions.openDialog("notes", session.id)}>Notes…<span class="sr"> ${session.title}</span></button>` : nothing}
      <button class="button small quiet-button" @click=${() => actions.openDialog("cancel", session.id)}>Cancel…<span class="sr"> ${session.title}</span></button>
    </span></div>`;
}

/** The student writes before a session, the mentor from its beginning on. @param {import("../types").State} state @param {Session} session */
function mayNote(state, session) {
  const begun = session.status !== "scheduled" || Date.parse(session.scheduled_time) <= state.now;
  return session.status !== "cancelled" && (session.student_id === state.user?.id ? !begun : begun);
}

/** @param {View} view @param {Session} session */
function notes({ state }, session) {
  const by = (/** @type {string} */ id) => (id === state.user?.id ? "you" : state.people[id]?.name ?? "…");
  const note = (/** @type {string} */ label, /** @type {string} */ id, /** @type {string | null} */ text) =>
    (text ? html`<div class="note"><b>${label}, by ${by(id)}</b><p class="text">${text}</p></div>` : nothing);
  return html`${note("Before the session", session.student_id, session.pre_session_notes)}${note("After the session", session.mentor_id, session.post_session_notes)}`;
}

/** Another time that one side proposed. @param {View} view @param {Session} session */
function proposal({ state, actions }, session) {
  const open = state.proposals?.find(({ session_id }) => session_id === session.id);
  if (!open) return nothing;
  const mine = open.proposed_by === state.user?.id;
  const waits = state.busy.has(open.id) ? "true" : nothing;
  return html`<div class="proposal" data-testid="proposal"><p><b>${mine ? "You propose" : `${state.people[open.proposed_by]?.name ?? "The other side"} proposes`}</b>
      ${momentText(open.scheduled_time, state.profile?.time_zone ?? "UTC", state.now)}${open.duration !== session.duration ? `, ${durationText(open.duration)}` : ""} instead${mine ? ", and waits for an answer" : ""}.</p>
    ${open.message ? html`<p class="text">${open.message}</p>` : nothing}
    <div class="row">${mine ? html`<button class="button small" aria-disabled=${waits} @click=${() => actions.answerMove(open, "withdraw")}>Withdraw<span class="sr"> the new time for ${session.title}</span></button>`
      : html`<button class="button small primary" aria-disabled=${waits} @click=${() => actions.answerMove(open, "accept")}>Accept<span class="sr"> the new time for ${session.title}</span></button>
        <button class="button small" @click=${() => actions.openDialog("decline", open.id)}>Decline…<span class="sr"> the new time for ${session.title}</span></button>`}</div></div>`;
}

/** @param {View} view @param {Session} session */
function ratings({ state, actions }, session) {
  if (session.status !== "completed" || !state.ratings) return nothing;
  const given = state.ratings.filter(({ session_id }) => session_id === session.id);
  const mine = given.some(({ rater_id }) => rater_id === state.user?.id);
  return html`${given.map(({ rater_id, rating, comment }) => html`<p class="given">${rater_id === state.user?.id ? "You rated" : `${state.people[rater_id]?.name ?? "The other side"} rated`} ${stars(rating)}${comment ? html`<span class="text">“${comment}”</span>` : nothing}</p>`)}
    ${mine || session.no_show ? nothing : html`<button class="button small" @click=${() => actions.openDialog("rate", session.id)}>${icon("star")}Rate…<span class="sr"> ${session.title}</span></button>`}`;
}

/** @param {View} view @param {Session} session */
export function sessionRow(view, session) {
  const { state } = view;
  const zone = state.profile?.time_zone ?? "UTC";
  const { id, role, profile } = other(view, session);
  const subject = state.subjects?.find((subject) => subject.id === session.subject_id)?.name;
  const open = ["scheduled", "ongoing"].includes(session.status) && Date.parse(session.end_time) > state.now;
  const theirs = profile ? spanText(session.scheduled_time, session.end_time, profile.time_zone) : "";
  const mine = spanText(session.scheduled_time, session.end_time, zone);
  return html`<li class="slot slot-${session.status}" data-testid="session" data-room=${session.video_room_id ?? nothing}>
    <div class="slot-time"><time datetime=${session.scheduled_time}>${timeText(session.scheduled_time, zone)}</time>
      <span class="quiet">${durationText(session.duration)}</span></div>
    <div class="slot-body card">
      <div class="slot-head"><h3>${session.title}</h3>${sessionBadge(session.status)}</div>
      <p class="who">${avatar(id, profile?.name ?? "?")}<span>${profile?.name ?? "…"}<span class="quiet">your ${role}${subject ? ` · ${subject}` : ""}</span></span></p>
      ${theirs && theirs !== mine ? html`<p class="quiet">${mine} for you, ${otherDay(session.scheduled_time, zone, profile?.time_zone ?? zone)} ${theirs} in ${zoneText(profile?.time_zone ?? "")}</p>` : nothing}
      ${session.description ? html`<p class="text">${session.description}</p>` : nothing}
      ${session.cancel_reason ? html`<p class="reason"><b>Cancelled:</b> ${session.cancel_reason}</p>` : nothing}
      ${open ? proposal(view, session) : nothing}
      ${notes(view, session)}
      ${open ? nothing : html`<div class="row">${ratings(view, session)}
        ${mayNote(state, session) && state.user?.id === session.mentor_id ? html`<button class="button small" @click=${() => view.actions.openDialog("notes", session.id)}>Notes…<span class="sr"> ${session.title}</span></button>` : nothing}</div>`}
      ${open ? doors(view, session, isSoon(session, state.now) ? "primary" : "", "") : nothing}
    </div>
  </li>`;
}
