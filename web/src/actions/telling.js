// How the outcome of an action reaches the person: a toast, a word to screen readers, a button that waits.

import { problem } from "../errors.js";

/** @typedef {import("../types").Toast} Toast */
/** @typedef {ReturnType<typeof createTelling>} Telling */

const READING = 12_000;

/** @param {ReturnType<typeof import("../store.js").createStore<import("../types").State>>} store */
export function createTelling(store) {
  const { update } = store;

  /** @param {Toast} toast */
  function toast(toast) {
    update({ toasts: [...store.state.toasts.filter(({ id }) => id !== toast.id), toast], announcement: `${toast.title} ${toast.text ?? ""}` });
    if (toast.tone === "good" || toast.tone === "info") setTimeout(() => fade(toast), READING);
  }

  /** Good news goes by itself, not while somebody looks at it. What must be answered or failed stays. @param {Toast} toast */
  function fade(toast) {
    if (!store.state.toasts.includes(toast)) return;
    const shown = [...document.querySelectorAll("[data-toast]")].find((element) => element.getAttribute("data-toast") === toast.id);
    if (shown?.matches(":hover, :focus-within") || document.hidden) setTimeout(() => fade(toast), READING);
    else dismiss(toast.id);
  }

  /** @param {string} id */
  function dismiss(id) {
    update({ toasts: store.state.toasts.filter((toast) => toast.id !== id) });
  }

  /** @param {unknown} error @param {string} title */
  function failed(error, title) {
    toast({ id: `failed-${title}`, tone: "bad", title, text: sentence(error) });
  }

  /** What to say of an error where it happened; asks for the password when that is what is missing. @param {unknown} error */
  function sentence(error) {
    const { code, message } = problem(error);
    if (code === "signed_out") askToSignIn();
    return message;
  }

  function askToSignIn() {
    update({ sign: { mode: "in", error: "", busy: false, again: true } });
  }

  /** @param {string} id @param {boolean} on */
  function busy(id, on) {
    const ids = new Set(store.state.busy);
    if (on) ids.add(id);
    else ids.delete(id);
    update({ busy: ids });
  }

  return { toast, dismiss, failed, sentence, askToSignIn, busy };
}

/** @template {{id: string}} T @param {T[] | null} rows @param {string} id @param {Partial<T>} patch */
export const patched = (rows, id, patch) => rows?.map((row) => (row.id === id ? { ...row, ...patch } : row)) ?? null;
