// Requests: the ones to answer, the ones sent, and how each of them went.

import { html, nothing } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import { relativeText } from "../time.js";
import { avatar, emptyState, icon, requestBadge, skeleton, stars, title, when } from "./parts.js";

/** @typedef {import("./parts.js").View} View */
/** @typedef {import("../types").SessionRequest} SessionRequest */

/** @param {View} view */
export function requests(view) {
  const { state } = view;
  if (!state.requests) return html`${title("Requests")}${skeleton(4)}`;
  const mine = state.user?.id;
  const received = state.requests.filter(({ mentor_id }) => mentor_id === mine);
  const sent = state.requests.filter(({ student_id }) => student_id === mine);
  const toAnswer = received.filter(({ status }) => status === "pending");
  const answered = received.filter(({ status }) => status !== "pending");
  return html`
    <div class="page-head">${title("Requests")}<a class="button primary" href="#/mentors">${icon("plus")}Request a session</a></div>
    ${state.profile?.is_mentor || received.length ? html`
      <section aria-labelledby="to-answer"><h2 id="to-answer">Waiting for your answer ${toAnswer.length ? html`<span class="count">${toAnswer.length}</span>` : nothing}</h2>
        ${toAnswer.length > 1 ? together(view, toAnswer) : nothing}
        ${list(view, toAnswer, "Nothing to answer", "New requests appear here by themselves.")}</section>` : nothing}
    ${!state.profile?.is_mentor || sent.length ? html`
      <section aria-labelledby="sent"><h2 id="sent">Sent by you</h2>
        ${list(view, sent, "No requests yet", "Choose a mentor and ask for a session.")}</section>` : nothing}
    ${answered.length ? html`<section aria-labelledby="answered"><h2 id="answered">Answered</h2>${list(view, answered, "", "")}</section>` : nothing}`;
}

/** Several at once. @param {View} view @param {SessionRequest[]} rows */
function together({ state, actions }, rows) {
  const { picked } = state;
  const all = rows.every(({ id }) => picked.has(id));
  return html`<div class="row together" role="group" aria-label="Answer several requests">
    <label class="switch"><input type="checkbox" .checked=${live(all)} .indeterminate=${live(picked.size > 0 && !all)} @change=${() => rows.forEach(({ id }) => actions.pick(id, !all))}><span>${picked.size ? `${picked.size} chosen` : "Choose all"}</span></label>
    ${picked.size ? html`<button class="button small primary" aria-disabled=${state.busy.has("picked") ? "true" : nothing} @click=${actions.approvePicked}>${icon("check")}Approve chosen</button>
      <button class="button small" @click=${() => actions.openDialog("reject-many", "")}>Reject chosen…</button>` : nothing}</div>`;
}

/** @param {View} view @param {SessionRequest[]} rows @param {string} none @param {string} hint */
const list = (view, rows, none, hint) => (rows.length
  ? html`<ul class="grid">${repeat(rows, ({ id }) => id, (request) => requestCard(view, request))}</ul>`
  : emptyState("inbox", none, hint));

/** @param {View} view @param {SessionRequest} request */
export function requestCard({ state, actions }, request) {
  const zone = state.profile?.time_zone ?? "UTC";
  const asMentor = request.mentor_id === state.user?.id;
  const id = asMentor ? request.student_id : request.mentor_id;
  const other = state.people[id];
  const subject = state.subjects?.find((subject) => subject.id === request.subject_id)?.name;
  const pending = request.status === "pending";
  const busy = state.busy.has(request.id);
  return html`<li class="card request request-${request.status}" data-testid="request" data-status=${request.status}>
    <div class="slot-head">${pending && asMentor && state.route.name === "requests" ? html`<label class="pick"><input type="checkbox" .checked=${live(state.picked.has(request.id))} @change=${(/** @type {Event} */ event) => actions.pick(request.id, /** @type {HTMLInputElement} */ (event.target).checked)}><span class="sr">Choose ${request.title}</span></label>` : nothing}
      <h3>${request.title}</h3>${requestBadge(request.status)}</div>
    <p class="who">${avatar(id, other?.name ?? "?")}<span>${other?.name ?? "…"}<span>${other ? stars(other.rating, other.rating_count) : nothing}${subject ? html`<span class="quiet"> · ${subject}</span>` : nothing}</span></span></p>
    ${when({ start: request.requested_time, end: request.end_time, duration: request.duration, zone, now: state.now, other })}
    ${request.description ? html`<p class="text">${request.description}</p>` : nothing}
    ${request.rejection_reason ? html`<p class="reason"><b>Reason:</b> ${request.rejection_reason}</p>` : nothing}
    ${pending && asMentor ? html`<div class="row">
      <button class="button primary small" aria-disabled=${busy ? "true" : nothing} @click=${() => actions.approve(request)}>${icon("check")}Approve<span class="sr"> ${request.title}</span></button>
      <button class="button small" aria-disabled=${busy ? "true" : nothing} @click=${() => actions.openDialog("reject", request.id)}>Reject…<span class="sr"> ${request.title}</span></button>
    </div>` : nothing}
    ${pending && !asMentor ? html`<div class="row spread"><span class="quiet">Sent ${relativeText(request.created_at, state.now)}</span>
      <button class="button small quiet-button" aria-disabled=${busy ? "true" : nothing} @click=${() => actions.withdraw(request)}>Withdraw<span class="sr"> ${request.title}</span></button></div>` : nothing}
    ${request.status === "approved" && Date.parse(request.end_time) > state.now ? html`<p><a href="#/">See it in your upcoming sessions</a></p>` : nothing}
  </li>`;
}
