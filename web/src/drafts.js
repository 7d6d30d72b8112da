// The half-written request, kept in the tab: a reload, an expired sign-in or a restarted server loses nothing.

/** @typedef {import("./types").Draft} Draft */

const KEY = "mentorkit-draft";

/** @returns {Draft} */
export function emptyDraft() {
  return {
    mentor_id: "", subject_id: "", title: "", description: "", date: "", time: "", duration: 60,
    key: crypto.randomUUID(),
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
