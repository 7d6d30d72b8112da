// A month to choose a day from, by pointer or by keys: arrows for days and weeks, Home and End for the
// week, Page Up and Page Down for months.

import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { addDays, dayText, monthText, weekdayTexts } from "../time.js";
import { icon } from "./parts.js";

/**
 * @typedef {object} Month
 * @property {string} at  the day that has, or would have, the focus; its month is shown
 * @property {string} selected
 * @property {string} min
 * @property {string} max
 * @property {string} today
 * @property {(date: string) => void} choose
 * @property {(date: string) => void} move  another day has the focus
 * @property {(date: string) => {open: boolean, text: string}} day  whether a day can be chosen, and what to say of it
 * @property {string} label
 * @property {string | undefined} error
 */

/** @param {string} date @param {number} months */
function addMonths(date, months) {
  const [year, month, day] = date.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(day, last))).toISOString().slice(0, 10);
}

/** Monday is 0. @param {string} date */
const weekday = (date) => (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;

/** @param {Month} month */
export function calendar({ at, selected, min, max, today, choose, move, day, label, error }) {
  const first = `${at.slice(0, 7)}-01`;
  const start = addDays(first, -weekday(first));
  const weeks = Array.from({ length: 6 }, (_, week) => Array.from({ length: 7 }, (_, one) => addDays(start, week * 7 + one)))
    .filter((days) => days.some((date) => date.startsWith(at.slice(0, 7))));
  const within = (/** @type {string} */ date) => (date < min ? min : date > max ? max : date);
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    /** @type {Record<string, () => string>} */
    const keys = {
      ArrowLeft: () => addDays(at, -1), ArrowRight: () => addDays(at, 1), ArrowUp: () => addDays(at, -7), ArrowDown: () => addDays(at, 7),
      Home: () => addDays(at, -weekday(at)), End: () => addDays(at, 6 - weekday(at)),
      PageUp: () => addMonths(at, event.shiftKey ? -12 : -1), PageDown: () => addMonths(at, event.shiftKey ? 12 : 1),
    };
    const to = keys[event.key]?.();
    if (!to) return;
    event.preventDefault();
    const table = /** @type {HTMLElement} */ (event.currentTarget);
    move(within(to));
    // After the page has been drawn anew, which waits in the same queue.
    queueMicrotask(() => /** @type {HTMLElement | null} */ (table.querySelector("[tabindex='0']"))?.focus());
  };
  return html`<div class="calendar">
    <div class="calendar-head">
      <button type="button" class="icon-button" ?disabled=${at.slice(0, 7) <= min.slice(0, 7)} @click=${() => move(within(addMonths(at, -1)))}>${icon("left")}<span class="sr">Previous month</span></button>
      <p class="calendar-month" aria-live="polite">${monthText(at)}</p>
      <button type="button" class="icon-button" ?disabled=${at.slice(0, 7) >= max.slice(0, 7)} @click=${() => move(within(addMonths(at, 1)))}>${icon("right")}<span class="sr">Next month</span></button>
    </div>
    <table role="grid" aria-label="${label}, ${monthText(at)}" @keydown=${key}>
      <thead><tr>${weekdayTexts().map(({ long, short }) => html`<th scope="col"><span aria-hidden="true">${short}</span><span class="sr">${long}</span></th>`)}</tr></thead>
      <tbody>${repeat(weeks, ([date]) => date, (days) => html`<tr>${repeat(days, (date) => date, (date) => {
        const { open, text } = day(date);
        const inMonth = date.startsWith(at.slice(0, 7));
        const can = open && date >= min && date <= max;
        return html`<td role="gridcell" aria-selected=${date === selected ? "true" : "false"}>${inMonth ? html`<button type="button" class="calendar-day ${date < min ? "calendar-past" : ""}" data-date=${date}
          tabindex=${date === at ? "0" : "-1"} aria-disabled=${can ? nothing : "true"} aria-current=${date === today ? "date" : nothing} aria-invalid=${error && date === at ? "true" : nothing}
          data-field=${date === at ? "date" : nothing}
          @click=${() => (can ? choose(date) : move(within(date)))}>${Number(date.slice(8))}<span class="sr">, ${dayText(`${date}T12:00:00Z`, "UTC", 0)}${text ? `, ${text}` : ""}</span>${text && can ? html`<span class="calendar-dot" aria-hidden="true"></span>` : nothing}</button>` : nothing}</td>`;
      })}</tr>`)}</tbody>
    </table></div>`;
}
