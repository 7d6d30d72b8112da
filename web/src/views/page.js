// The frame around every page: header, navigation, notices that pop up, the state of the connection.

import { html, nothing } from "lit-html";
import { history } from "./history.js";
import { home } from "./home.js";
import { hoursPage } from "./hours.js";
import { mentors } from "./mentors.js";
import { notices } from "./notices.js";
import { avatar, icon, mark, skeleton, title } from "./parts.js";
import { profile } from "./profile.js";
import { requestForm } from "./request-form.js";
import { requests } from "./requests.js";
import { dialogs } from "./dialogs.js";
import { signIn, signInAgain } from "./sign-in.js";
import { toasts } from "./toasts.js";

/** @typedef {import("./parts.js").View} View */

/** @type {Record<string, (view: View) => unknown>} */
const PAGES = { home, requests, mentors, request: requestForm, history, hours: hoursPage, notices, profile };

/** @param {View} view */
export function page(view) {
  const { state } = view;
  if (state.phase === "starting") return html`<main class="page">${skeleton(4)}</main>`;
  if (state.phase === "signed-out" || !state.user) return signIn(view);
  const shown = PAGES[state.route.name] ?? missing;
  return html`
    ${header(view)}
    ${toasts(view)}
    <p class="sr" aria-live="polite" role="status">${state.announcement}</p>
    <main class="page" id="main">
      ${trouble(view)}
      ${shown(view)}
    </main>
    ${dialogs(view)}
    ${state.sign.again ? signInAgain(view) : nothing}`;
}

/** @param {View} view */
function header({ state }) {
  const { route, profile } = state;
  const open = state.requests?.filter((request) => request.mentor_id === state.user?.id && request.status === "pending").length ?? 0;
  const unread = state.notices?.filter((notice) => !notice.read_at).length ?? 0;
  const here = (/** @type {string} */ name) => (route.name === name ? "page" : nothing);
  return html`<header class="top">
    <a class="skip" href="#main" @click=${skip}>Skip to the content</a>
    <a class="brand" href="#/">${mark}<span>mentorkit</span></a>
    <nav class="tabs" aria-label="Pages">
      <a href="#/" aria-current=${here("home")}>${icon("calendar")}<span>Upcoming</span></a>
      <a href="#/requests" aria-current=${here("requests")}>${icon("inbox")}<span>Requests</span>${open
        ? html`<span class="count" data-testid="pending-count">${open}<span class="sr"> waiting for your answer</span></span>` : nothing}</a>
      <a href="#/mentors" aria-current=${here("mentors")}>${icon("people")}<span>Mentors</span></a>
      ${profile?.is_mentor ? html`<a href="#/hours" aria-current=${here("hours")}>${icon("clock")}<span>Hours</span></a>` : nothing}
      <a href="#/history" aria-current=${here("history")}>${icon("history")}<span>History</span></a>
    </nav>
    <div class="top-end">
      <span class="live live-${state.live}" title=${LIVE[state.live]}><span class="live-dot" aria-hidden="true"></span><span class="live-text">${LIVE[state.live]}</span></span>
      <a class="icon-button" href="#/notices" aria-current=${here("notices")}>${icon("bell")}<span class="sr">Notices${unread ? `, ${unread} unread` : ""}</span>${unread ? html`<span class="dot" aria-hidden="true"></span>` : nothing}</a>
      <a class="me" href="#/profile" aria-current=${here("profile")}>${avatar(state.user?.id ?? "", profile?.name ?? "?")}<span class="sr">Profile of ${profile?.name ?? "you"}</span></a>
    </div>
  </header>`;
}

const LIVE = { connecting: "Connecting", live: "Live", offline: "Reconnecting" };

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  /** @type {HTMLElement | null} */ (document.querySelector("main h1"))?.focus();
}

/** @param {View} view */
function trouble({ state, actions }) {
  if (!state.failure) return nothing;
  return html`<div class="banner outage" role="alert"><p>${state.failure}</p>
    <button class="button small" @click=${actions.retry}>Try again</button></div>`;
}

const missing = () => html`${title("There is no such page")}<p><a href="#/">Go to your upcoming sessions</a></p>`;
