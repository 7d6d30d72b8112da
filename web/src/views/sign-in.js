// Sign in, sign up, and signing in again over a page that keeps what was typed.

import { html, nothing } from "lit-html";
import { ref } from "lit-html/directives/ref.js";
import { ownZone, zones, zoneText } from "../time.js";
import { openModal } from "./dialogs.js";
import { mark, title, working } from "./parts.js";

/** @typedef {import("./parts.js").View} View */

/** @param {View} view @returns {(event: Event) => void} */
const submit = ({ actions }) => (event) => {
  event.preventDefault();
  void actions.sign(new FormData(/** @type {HTMLFormElement} */ (event.target)));
};

/** @param {View} view */
export function signIn(view) {
  const { state, actions } = view;
  const { mode, error, busy } = state.sign;
  const up = mode === "up";
  return html`<main class="welcome">
    <section class="welcome-story" aria-label="About mentorkit">
      <p class="brand">${mark}<span>mentorkit</span></p>
      <p class="welcome-line">Ask for an hour. <br>Get a yes. <br>Meet.</p>
      <ol class="welcome-steps">
        <li><span class="welcome-when">Mon 09:12</span> Ada asks Grace for an hour of statistics</li>
        <li><span class="welcome-when">Mon 09:15</span> Grace approves, both are told at once</li>
        <li><span class="welcome-when">Tue 17:00</span> The room opens, they talk</li>
      </ol>
    </section>
    <section class="welcome-form card">
      ${title(up ? "Create your account" : "Sign in")}
      <form novalidate @submit=${submit(view)}>
        ${up ? html`<label class="field"><span>Name</span><input name="name" autocomplete="name" maxlength="100" required></label>` : nothing}
        <label class="field"><span>E-mail</span><input name="email" type="email" autocomplete="email" required></label>
        <label class="field"><span>Password</span><input name="password" type="password" autocomplete=${up ? "new-password" : "current-password"} required></label>
        ${up ? html`
          <fieldset class="choice"><legend>I am here to</legend>
            <label><input type="radio" name="role" value="student" checked><span>Learn</span></label>
            <label><input type="radio" name="role" value="mentor"><span>Mentor</span></label>
          </fieldset>
          ${zoneField(ownZone())}` : nothing}
        <p class="form-error" role="alert">${error}</p>
        <button class="button primary wide" aria-disabled=${busy ? "true" : nothing}>${working(busy, up ? "Create account" : "Sign in")}</button>
      </form>
      <p class="welcome-switch">${up ? "Already have an account?" : "New here?"}
        <button class="link" @click=${() => actions.signMode(up ? "in" : "up")}>${up ? "Sign in" : "Create an account"}</button></p>
    </section>
  </main>`;
}

/** @param {string} chosen */
export function zoneField(chosen) {
  return html`<label class="field"><span>Time zone</span>
    <select name="zone">${zoneOptions(chosen)}</select></label>`;
}

/** @param {string} chosen */
export const zoneOptions = (chosen) => [...new Set([chosen, ...zones()])].sort().map((zone) =>
  html`<option value=${zone} ?selected=${zone === chosen}>${zoneText(zone)}${zone.includes("/") ? ` (${zone.split("/")[0]})` : ""}</option>`);

/** @param {View} view */
export function signInAgain(view) {
  const { state } = view;
  return html`<dialog class="dialog" aria-labelledby="again-title" ${ref(openModal)} @cancel=${(/** @type {Event} */ event) => event.preventDefault()}>
    <form novalidate @submit=${submit(view)}>
      <h2 id="again-title">Sign in again</h2>
      <p class="quiet">Your sign-in has ended. What you typed is still here.</p>
      <label class="field"><span>E-mail</span><input name="email" type="email" autocomplete="email" readonly .value=${state.user?.email ?? ""}></label>
      <label class="field"><span>Password</span><input name="password" type="password" autocomplete="current-password" autofocus></label>
      <p class="form-error" role="alert">${state.sign.error}</p>
      <div class="dialog-end">
        <button class="button" type="button" @click=${view.actions.signOut}>Use another account</button>
        <button class="button primary" aria-disabled=${state.sign.busy ? "true" : nothing}>${working(state.sign.busy, "Sign in")}</button>
      </div>
    </form>
  </dialog>`;
}
