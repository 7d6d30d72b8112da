// The hours in which a mentor can be booked: an ordinary week, special dates, and the terms.

import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { newRowKey, WEEKDAYS } from "../hours.js";
import { icon, skeleton, title, working } from "./parts.js";
import { zoneOptions } from "./sign-in.js";

/** @typedef {import("./parts.js").View} View */
/** @typedef {import("../types").Hours} Hours */

/** @param {View} view */
export function hoursPage(view) {
  const { state, actions } = view;
  const { hours } = state;
  if (!hours) return html`${title("Your hours")}${skeleton(4)}`;
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    void actions.saveHours();
  };
  return html`${title("Your hours")}
    <form class="hours" novalidate @submit=${save}>
      <div class="card"><h2>Every week</h2>
        <p class="quiet">${hours.week.length ? "Students can ask for times within these hours." : "No hours are set: students can ask for any time."}</p>
        <ul class="week">${WEEKDAYS.map((day, at) => weekday(view, hours, day, at + 1))}</ul></div>
      <div class="stack">
        <div class="card"><h2>Special dates</h2><p class="quiet">On these dates the week does not count.</p>
          ${specialDates(view, hours)}</div>
        <div class="card"><h2>Terms</h2>${terms(view, hours)}</div>
      </div>
      <div class="ask-end"><p class="form-error" role="alert">${hours.error}</p>
        <button class="button primary" aria-disabled=${hours.busy ? "true" : nothing}>${working(hours.busy, "Save hours")}</button></div>
    </form>`;
}

/** @param {Event} event */
const valueOf = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/** @param {View} view @param {Hours} hours @param {string} day @param {number} number */
function weekday({ actions }, hours, day, number) {
  const rows = hours.week.filter((row) => row.weekday === number);
  const change = (/** @type {string} */ key, /** @type {object} */ patch) =>
    actions.editHours({ week: hours.week.map((row) => (row.key === key ? { ...row, ...patch } : row)) });
  const add = () => {
    const last = rows.at(-1);
    const start = last && last.end < "22:00" ? last.end : "09:00";
    const end = last ? `${String(Math.min(23, Number(start.slice(0, 2)) + 2)).padStart(2, "0")}:00` : "17:00";
    actions.editHours({ week: [...hours.week, { key: newRowKey(), weekday: number, start, end }] });
  };
  return html`<li class=${rows.length ? "" : "week-closed"}><span class="week-day">${day}</span>
    <div class="week-times">${rows.length ? nothing : html`<span class="quiet">Closed</span>`}
      ${repeat(rows, ({ key }) => key, (row) => html`<span class="stretch">
        <input type="time" aria-label="${day} from" .value=${row.start} @change=${(/** @type {Event} */ event) => change(row.key, { start: valueOf(event) })}>
        <span aria-hidden="true">–</span>
        <input type="time" aria-label="${day} to" .value=${row.end} @change=${(/** @type {Event} */ event) => change(row.key, { end: valueOf(event) })}>
        <button type="button" class="icon-button" @click=${() => actions.editHours({ week: hours.week.filter(({ key }) => key !== row.key) })}>${icon("cross")}<span class="sr">Remove ${day} ${row.start} to ${row.end}</span></button></span>`)}</div>
    <button type="button" class="icon-button" @click=${add}>${icon("plus")}<span class="sr">Add hours on ${day}</span></button></li>`;
}

/** @param {View} view @param {Hours} hours */
function specialDates({ state, actions }, hours) {
  const change = (/** @type {string} */ key, /** @type {object} */ patch) =>
    actions.editHours({ dates: hours.dates.map((row) => (row.key === key ? { ...row, ...patch } : row)) });
  return html`<ul class="stack">${repeat(hours.dates, ({ key }) => key, (row) => html`<li class="special">
      <input type="date" aria-label="Date" .value=${row.date} @change=${(/** @type {Event} */ event) => change(row.key, { date: valueOf(event) })}>
      <label class="switch"><input type="checkbox" .checked=${row.closed} @change=${(/** @type {Event} */ event) => change(row.key, { closed: /** @type {HTMLInputElement} */ (event.target).checked })}><span>Closed</span></label>
      <button type="button" class="icon-button" @click=${() => actions.editHours({ dates: hours.dates.filter(({ key }) => key !== row.key) })}>${icon("cross")}<span class="sr">Remove ${row.date || "this date"}</span></button>
      ${row.closed ? nothing : html`<span class="stretch"><input type="time" aria-label="${row.date} from" .value=${row.start} @change=${(/** @type {Event} */ event) => change(row.key, { start: valueOf(event) })}>
        <span aria-hidden="true">–</span><input type="time" aria-label="${row.date} to" .value=${row.end} @change=${(/** @type {Event} */ event) => change(row.key, { end: valueOf(event) })}></span>`}</li>`)}</ul>
    <button type="button" class="button small" @click=${() => actions.editHours({ dates: [...hours.dates, { key: newRowKey(), date: new Date(state.now + 86_400_000).toISOString().slice(0, 10), closed: true, start: "09:00", end: "12:00" }] })}>${icon("plus")}Add a date</button>`;
}

/** @param {View} view @param {Hours} hours */
function terms({ actions }, hours) {
  const choice = (/** @type {string} */ label, /** @type {"notice" | "before" | "after" | "step"} */ name, /** @type {[number, string][]} */ options) => {
    const all = options.some(([value]) => value === hours[name]) ? options : [...options, /** @type {[number, string]} */ ([hours[name], `${hours[name]} min`])];
    return html`<label class="field"><span>${label}</span><select @change=${(/** @type {Event} */ event) => actions.editHours({ [name]: Number(valueOf(event)) })}>
      ${all.map(([value, text]) => html`<option value=${value} ?selected=${value === hours[name]}>${text}</option>`)}</select></label>`;
  };
  const minutes = /** @type {[number, string][]} */ ([[0, "None"], [5, "5 min"], [10, "10 min"], [15, "15 min"], [30, "30 min"]]);
  return html`<div class="terms">
    <label class="field"><span>Time zone of these hours</span><select @change=${(/** @type {Event} */ event) => actions.editHours({ zone: valueOf(event) })}>${zoneOptions(hours.zone)}</select></label>
    ${choice("Shortest notice", "notice", [[0, "None"], [60, "1 hour"], [240, "4 hours"], [1440, "1 day"], [2880, "2 days"], [10080, "1 week"]])}
    ${choice("Pause before", "before", minutes)}${choice("Pause after", "after", minutes)}
    ${choice("Sessions start every", "step", [[15, "15 min"], [30, "30 min"], [60, "1 hour"]])}
    <label class="field"><span>Most sessions a day</span><input type="number" min="1" max="24" inputmode="numeric" placeholder="No limit" .value=${hours.perDay === null ? "" : String(hours.perDay)}
      @change=${(/** @type {Event} */ event) => actions.editHours({ perDay: Number(valueOf(event)) > 0 ? Math.round(Number(valueOf(event))) : null })}></label></div>`;
}
