// What has just happened, above the page. A new request can be answered right there.

import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { icon, stars, when } from "./parts.js";

/** @typedef {import("./parts.js").View} View */
/** @typedef {import("../types").Toast} Toast */

/** @param {View} view */
export function toasts(view) {
  return html`<section class="toasts" aria-label="What just happened">
    ${repeat(view.state.toasts.slice(-4), ({ id }) => id, (toast) => html`<article class="toast toast-${toast.tone}" data-testid="toast" data-toast=${toast.id}>
      <div class="toast-body">
        <p class="toast-title">${toast.title}</p>
        ${toast.text ? html`<p class="toast-text clamp">${toast.text}</p>` : nothing}
        ${toast.request ? ask(view, toast.request) : nothing}
      </div>
      <button class="icon-button toast-close" @click=${() => view.actions.dismiss(toast.id)}>${icon("cross")}<span class="sr">Dismiss: ${toast.title}</span></button>
    </article>`)}
  </section>`;
}

/** @param {View} view @param {import("../types").SessionRequest} request */
function ask({ state, actions }, request) {
  const student = state.people[request.student_id];
  return html`<p class="toast-request">${request.title}</p>
    <p class="toast-who"><b>${student?.name ?? "A student"}</b> ${student ? stars(student.rating) : nothing}</p>
    ${when({ start: request.requested_time, end: request.end_time, duration: request.duration, zone: state.profile?.time_zone ?? "UTC", now: state.now, other: student })}
    ${request.description ? html`<p class="toast-text clamp">${request.description}</p>` : nothing}
    <div class="row">
      <button class="button primary small" aria-disabled=${state.busy.has(request.id) ? "true" : nothing} @click=${() => actions.approve(request)}>Approve<span class="sr"> ${request.title}</span></button>
      <button class="button small" @click=${() => actions.openDialog("reject", request.id)}>Reject…<span class="sr"> ${request.title}</span></button>
    </div>`;
}
