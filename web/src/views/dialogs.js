// Questions that stand over the page until they are answered.

import { html, nothing } from "lit-html";
import { createRef, ref } from "lit-html/directives/ref.js";
import { working } from "./parts.js";

/** @typedef {import("./parts.js").View} View */

/** @param {Element | undefined} element */
export function openModal(element) {
  const dialog = /** @type {HTMLDialogElement | undefined} */ (element);
  // At this moment it has been made, but is not on the page yet.
  queueMicrotask(() => dialog?.isConnected && !dialog.open && dialog.showModal());
}

const WORDS = {
  reject: { title: "Reject this request", label: "Reason", hint: "The student reads this.", yes: "Reject request", required: true },
  cancel: { title: "Cancel this session", label: "Reason", hint: "The other side reads this.", yes: "Cancel session", required: true },
};

/** @param {View} view */
export function dialogs({ state, actions }) {
  const { dialog } = state;
  if (!dialog) return nothing;
  const words = WORDS[dialog.kind];
  const row = state.requests?.find(({ id }) => id === dialog.id) ?? state.sessions?.find(({ id }) => id === dialog.id);
  const text = createRef();
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const field = /** @type {HTMLTextAreaElement} */ (text.value);
    void actions.submitDialog(field.value);
    if (words.required && !field.value.trim()) field.focus();
  };
  return html`<dialog class="dialog" aria-labelledby="dialog-title" ${ref(openModal)}
      @cancel=${(/** @type {Event} */ event) => { event.preventDefault(); actions.closeDialog(); }}>
    <form novalidate @submit=${submit}>
      <h2 id="dialog-title">${words.title}</h2>
      <p class="quiet">${row?.title}</p>
      <label class="field"><span>${words.label}</span>
        <textarea rows="4" maxlength="1000" autofocus ?required=${words.required} aria-describedby="dialog-hint dialog-error" aria-invalid=${dialog.error ? "true" : "false"} ${ref(text)}></textarea></label>
      <p class="quiet" id="dialog-hint">${words.hint}</p>
      <p class="form-error" id="dialog-error" role="alert">${dialog.error ?? ""}</p>
      <div class="dialog-end">
        <button class="button" type="button" @click=${actions.closeDialog}>Keep it</button>
        <button class="button danger" ?disabled=${dialog.busy}>${working(Boolean(dialog.busy), words.yes)}</button>
      </div>
    </form>
  </dialog>`;
}
