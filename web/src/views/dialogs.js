// Questions that stand over the page until they are answered.

import { html, nothing } from "lit-html";
import { ref } from "lit-html/directives/ref.js";
import { wallClock, zoneText } from "../time.js";
import { icon, working } from "./parts.js";

/** @typedef {import("./parts.js").View} View */

/** @param {Element | undefined} element */
export function openModal(element) {
  const dialog = /** @type {HTMLDialogElement | undefined} */ (element);
  // At this moment it has been made, but is not on the page yet.
  queueMicrotask(() => dialog?.isConnected && !dialog.open && dialog.showModal());
}

/** @type {Record<import("../types").Dialog["kind"], {title: string, label: string, hint: string, yes: string, tone: "danger" | "primary"}>} */
const WORDS = {
  reject: { title: "Reject this request", label: "Reason", hint: "The student reads this.", yes: "Reject request", tone: "danger" },
  "reject-many": { title: "Reject the chosen requests", label: "Reason", hint: "Each student reads this.", yes: "Reject requests", tone: "danger" },
  cancel: { title: "Cancel this session", label: "Reason", hint: "The other side reads this.", yes: "Cancel session", tone: "danger" },
  rate: { title: "Rate this session", label: "Comment, if you like", hint: "The other side reads this.", yes: "Send rating", tone: "primary" },
  notes: { title: "Notes", label: "Notes", hint: "Both of you read these.", yes: "Save notes", tone: "primary" },
  move: { title: "Propose another time", label: "Message, if you like", hint: "The session stays as it is until the other side accepts.", yes: "Propose", tone: "primary" },
  decline: { title: "Decline the new time", label: "Reason, if you like", hint: "The session stays as it was.", yes: "Decline", tone: "danger" },
};

/** @param {View} view */
export function dialogs(view) {
  const { state, actions } = view;
  const { dialog } = state;
  if (!dialog) return nothing;
  const words = WORDS[dialog.kind];
  const session = state.sessions?.find(({ id }) => id === dialog.id) ?? state.sessions?.find(({ id }) =>
    state.proposals?.some((proposal) => proposal.id === dialog.id && proposal.session_id === id));
  const about = dialog.kind === "reject-many" ? `${state.picked.size} requests`
    : state.requests?.find(({ id }) => id === dialog.id)?.title ?? session?.title;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const missing = actions.submitDialog(new FormData(form));
    if (missing) /** @type {HTMLElement | null} */ (form.querySelector(`[name="${missing}"]`))?.focus();
  };
  const extra = dialog.kind === "rate" ? starsField : dialog.kind === "move" && session ? timeField(view, session) : nothing;
  const kept = dialog.kind === "notes" && session
    ? (session.student_id === state.user?.id ? session.pre_session_notes : session.post_session_notes) ?? "" : "";
  return html`<dialog class="dialog" aria-labelledby="dialog-title" ${ref(openModal)}
      @cancel=${(/** @type {Event} */ event) => { event.preventDefault(); actions.closeDialog(); }}>
    <form novalidate @submit=${submit}>
      <h2 id="dialog-title">${words.title}</h2>
      <p class="quiet">${about}</p>
      ${extra}
      <label class="field"><span>${words.label}</span>
        <textarea name="text" rows="4" maxlength=${dialog.kind === "notes" ? 10000 : 1000} ?autofocus=${extra === nothing} aria-describedby="dialog-hint dialog-error" aria-invalid=${dialog.error && dialog.kind.startsWith("reject") ? "true" : "false"} .defaultValue=${kept}></textarea></label>
      <p class="quiet" id="dialog-hint">${words.hint}</p>
      <p class="form-error" id="dialog-error" role="alert">${dialog.error ?? ""}</p>
      <div class="dialog-end">
        <button class="button" type="button" @click=${actions.closeDialog}>Never mind</button>
        <button class="button ${words.tone}" aria-disabled=${dialog.busy ? "true" : nothing}>${working(Boolean(dialog.busy), words.yes)}</button>
      </div>
    </form>
  </dialog>`;
}

const starsField = html`<fieldset class="choice rate"><legend>Stars</legend>
  ${[1, 2, 3, 4, 5].map((count) => html`<label><input type="radio" name="rating" value=${count} ?autofocus=${count === 5}><span>${count}${icon("star")}<span class="sr">${count === 1 ? "star" : "stars"}</span></span></label>`)}</fieldset>`;

/** @param {View} view @param {import("../types").Session} session */
function timeField({ state }, session) {
  const zone = state.profile?.time_zone ?? "UTC";
  const { date, time } = wallClock(session.scheduled_time, zone);
  return html`<div class="row pair"><label class="field"><span>Date</span><input type="date" name="date" autofocus min=${wallClock(state.now, zone).date} .defaultValue=${date}></label>
    <label class="field"><span>Time <small class="quiet">your clock, ${zoneText(zone)}</small></span><input type="time" name="time" .defaultValue=${time}></label></div>`;
}
