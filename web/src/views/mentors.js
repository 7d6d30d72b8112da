// Who can be asked, best rated first.

import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { timeText, zoneText } from "../time.js";
import { avatar, emptyState, skeleton, stars, title } from "./parts.js";

/** @param {import("./parts.js").View} view */
export function mentors({ state }) {
  if (!state.mentors) return html`${title("Mentors")}${skeleton(4)}`;
  const others = state.mentors.filter(({ id }) => id !== state.user?.id);
  const subject = state.subjects?.find(({ id }) => id === state.route.arg);
  const shown = subject ? others.filter(({ subjects }) => subjects.some(({ id }) => id === subject.id)) : others;
  return html`${title("Mentors")}
    ${state.subjects?.length ? html`<nav class="chips" aria-label="Filter by subject">
      <a href="#/mentors" aria-current=${subject ? nothing : "true"}>All subjects</a>
      ${state.subjects.map(({ id, name }) => html`<a href="#/mentors/${id}" aria-current=${subject?.id === id ? "true" : nothing}>${name}</a>`)}</nav>` : nothing}
    ${shown.length ? html`<ul class="grid">${repeat(shown, ({ id }) => id, (mentor) => html`<li class="card mentor" data-testid="mentor">
      <div class="mentor-head">${avatar(mentor.id, mentor.name)}<div><h2>${mentor.name}</h2>
        <p>${stars(mentor.rating, mentor.rating_count)} <span class="quiet">· ${mentor.total_sessions_taught} ${mentor.total_sessions_taught === 1 ? "session" : "sessions"} taught</span></p></div></div>
      ${mentor.bio ? html`<p class="text clamp">${mentor.bio}</p>` : nothing}
      ${mentor.subjects.length ? html`<p class="tags">${mentor.subjects.map(({ name }) => html`<span class="tag">${name}</span>`)}</p>` : nothing}
      <div class="row spread mentor-end"><span class="quiet">${timeText(state.now, mentor.time_zone)} in ${zoneText(mentor.time_zone)}</span>
        <a class="button primary small" href="#/request/${mentor.id}">Request Session<span class="sr"> with ${mentor.name}</span></a></div>
    </li>`)}</ul>` : emptyState("people", subject ? `Nobody teaches ${subject.name} yet` : "No mentors yet",
      "As soon as somebody offers to mentor, they appear here.")}`;
}
