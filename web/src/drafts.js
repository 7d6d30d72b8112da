// The half-written request, kept in the tab: a reload, an expired sign-in or a restarted server loses nothing.

/** @typedef {import("./types").Draft} Draft */

const KEY = "mentorkit-draft";

/** Not by randomUUID: that is missing on plain http, where a demo may well be opened. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @returns {Draft} */
export function emptyDraft() {
  return {
    mentor_id: "", subject_id: "", title: "", description: "", date: "", time: "", duration: 60,
    key: newKey(),
  };
}

/** @returns {Draft} */
export function keptDraft() {
  try {
    return { ...emptyDraft(), ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
  } catch {
    return emptyDraft();
  }
}

/** @param {Draft} draft */
export function keepDraft(draft) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // A full or forbidden storage only costs the safety net.
  }
}

export function forgetDraft() {
  sessionStorage.removeItem(KEY);
}
