// What a form must hold before it is sent. The database checks everything again.

import { instantOf } from "./time.js";

/** @typedef {import("./types").Draft} Draft */

/** Blank also to the eye: spaces, and characters that show nothing. @param {string} text */
export function isBlank(text) {
  return text.replace(/[\s\p{Cf}\u115F\u1160\u3164\uFFA0\u2800]/gu, "") === "";
}

/**
 * @param {Draft} draft
 * @param {string} zone  the zone the date and time are meant in
 * @param {number} now
 * @returns {Partial<Record<keyof Draft, string>>} a sentence for each field that is not right
 */
export function checkDraft(draft, zone, now) {
  /** @type {Partial<Record<keyof Draft, string>>} */
  const errors = {};
  if (!draft.mentor_id) errors.mentor_id = "Choose a mentor.";
  if (!draft.subject_id) errors.subject_id = "Choose a subject.";
  if (isBlank(draft.title)) errors.title = "Give the session a title.";
  else if (draft.title.trim().length > 120) errors.title = "Keep the title within 120 characters.";
  if (draft.description.length > 2000) errors.description = "Keep the description within 2,000 characters.";
  if (!draft.date) errors.date = "Choose a date.";
  if (!/^\d\d:\d\d$/.test(draft.time)) errors.time = "Choose a time.";
  if (draft.date && !errors.time && instantOf(draft.date, draft.time, zone).getTime() <= now) {
    errors.time = "That time is already in the past.";
  }
  if (![30, 60, 90, 120].includes(draft.duration)) errors.duration = "Choose a duration.";
  return errors;
}

/** @param {string} email @param {string} password @param {string | null} name  null when signing in */
export function checkSign(email, password, name) {
  if (name !== null && isBlank(name)) return "Tell us your name.";
  if (!/^\S+@\S+\.\S+$/.test(email)) return "Enter your e-mail address.";
  if (!password) return "Enter your password.";
  if (name !== null && password.length < 6) return "Choose a longer password: at least 6 characters.";
  return "";
}
