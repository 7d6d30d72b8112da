// Who you are to the others, and in which zone your clocks run.

import { html, nothing } from "lit-html";
import { icon, skeleton, title, working } from "./parts.js";
import { zoneField } from "./sign-in.js";

/** @typedef {import("./parts.js").View} View */

/** @param {View} view */
export function profile({ state, actions }) {
  const me = state.profile;
  if (!me || !state.subjects || !state.mentors) return html`${title("Profile")}${skeleton(4)}`;
  const taught = new Set(state.mentors.find(({ id }) => id === me.id)?.subjects.map(({ id }) => id));
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    void actions.saveProfile(new FormData(/** @type {HTMLFormElement} */ (event.target)));
  };
  return html`<div class="page-head">${title("Profile")}<button class="button" @click=${actions.signOut}>Sign out</button></div>
    <form class="card narrow" novalidate @submit=${save}>
      <p class="quiet">Signed in as ${state.user?.email}</p>
      <label class="field"><span>Name</span><input name="name" autocomplete="name" maxlength="100" .value=${me.name}></label>
      ${zoneField(me.time_zone)}
      <label class="field"><span>About you <small class="quiet">optional</small></span><textarea name="bio" rows="4" maxlength="1000" .value=${me.bio ?? ""}></textarea></label>
      <label class="switch"><input type="checkbox" name="mentor" .checked=${me.is_mentor}><span>I mentor: students may ask me for sessions</span></label>
      ${me.is_mentor ? html`<fieldset class="choice many"><legend>Subjects you teach</legend><input type="hidden" name="subjects-shown" value="1">
        ${state.subjects.length ? state.subjects.map(({ id, name }) => html`<label><input type="checkbox" name="subject" value=${id} .checked=${taught.has(id)}><span>${name}</span></label>`)
          : html`<p class="quiet">No subjects have been set up yet.</p>`}</fieldset>` : nothing}
      <button class="button primary" aria-disabled=${state.profileBusy ? "true" : nothing}>${working(state.profileBusy, "Save profile")}</button>
    </form>
    ${desktop(actions)}`;
}

/** @param {View["actions"]} actions */
function desktop(actions) {
  if (!("Notification" in window)) return nothing;
  const permission = Notification.permission;
  return html`<section class="card narrow" aria-labelledby="desktop-title"><h2 id="desktop-title">Desktop notifications</h2>
    <p class="quiet">${permission === "granted" ? "On: you are told of new requests and answers while this page is in the background."
      : permission === "denied" ? "Blocked in this browser's settings for this site." : "Be told of new requests and answers while this page is in the background."}</p>
    ${permission === "default" ? html`<button class="button" @click=${actions.allowNotifications}>${icon("bell")}Allow notifications</button>` : nothing}</section>`;
}
