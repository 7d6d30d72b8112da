// Everything that was told, newest first, also what was told while nobody was here.

import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { relativeText } from "../time.js";
import { upcoming } from "./home.js";
import { emptyState, skeleton, title } from "./parts.js";

/** @typedef {import("./parts.js").View} View */

/** @type {Record<string, string>} */
const SENTENCES = {
  request_created: "New session request", request_approved: "Your request was approved", request_rejected: "Your request was rejected",
  request_expired: "A request lapsed without an answer", request_withdrawn: "A request was withdrawn",
  session_cancelled: "A session was cancelled", session_rescheduled: "A session has moved", session_reminder: "A session is coming up",
  reschedule_proposed: "Another time was proposed", reschedule_declined: "The new time was declined", reschedule_withdrawn: "A proposed time was taken back",
  reschedule_lapsed: "A proposed time lapsed", rating_open: "You can rate a session", session_rated: "You were rated",
};

/** @param {View} view */
export function notices({ state, actions }) {
  if (!state.notices) return html`${title("Notices")}${skeleton(5)}`;
  const unread = state.notices.some((notice) => !notice.read_at);
  return html`<div class="page-head">${title("Notices")}
      ${unread ? html`<button class="button" @click=${actions.markRead}>Mark all as read</button>` : nothing}</div>
    ${state.notices.length ? html`<ul class="notices card">${repeat(state.notices, ({ id }) => id, (notice) => {
      const row = state.requests?.find(({ id }) => id === notice.request_id) ?? state.sessions?.find(({ id }) => id === notice.session_id);
      const about = row?.title ?? notice.payload?.title;
      const where = notice.session_id ? (upcoming(state).some(({ id }) => id === notice.session_id) ? "#/" : "#/history") : "#/requests";
      return html`<li class=${notice.read_at ? "" : "unread"}>
        <p>${notice.read_at ? nothing : html`<span class="sr">Unread: </span>`}<b>${SENTENCES[notice.kind] ?? notice.kind.replaceAll("_", " ")}</b>${about ? html`<br><a href=${where}>${about}</a>` : nothing}</p>
        <time class="quiet" datetime=${notice.created_at}>${relativeText(notice.created_at, state.now)}</time></li>`;
    })}</ul>` : emptyState("bell", "No notices", "Answers, new requests and reminders are kept here.")}`;
}
