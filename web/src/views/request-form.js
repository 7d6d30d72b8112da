// Ask for a session: with whom, what about, when. Every keystroke is kept in the draft.

import { html, nothing } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import { addDays, dayText, durationText, instantOf, momentText, ownZone, timeText, wallClock, zoneText } from "../time.js";
import { calendar } from "./calendar.js";
import { avatar, describedBy, emptyState, fieldError, skeleton, stars, title, working } from "./parts.js";

/** @typedef {import("./parts.js").View} View */
/** @typedef {import("../types").Draft} Draft */

/** @param {View} view */
export function requestForm(view) {
  const { state, actions } = view;
  if (!state.mentors || !state.subjects) return html`${title("Request a session")}${skeleton(4)}`;
  const mentors = state.mentors.filter(({ id }) => id !== state.user?.id);
  if (!mentors.length) return html`${title("Request a session")}${emptyState("people", "No mentors yet", "As soon as somebody offers to mentor, you can ask for a session.")}`;
  if (!state.subjects.length) return html`${title("Request a session")}${emptyState("inbox", "No subjects yet", "A session is about a subject, and none has been set up.")}`;
  const chosen = state.route.arg && state.draft.mentor_id !== state.route.arg && mentors.some(({ id }) => id === state.route.arg);
  if (chosen) queueMicrotask(() => actions.edit({ mentor_id: state.route.arg, subject_id: "" }));
  const { draft, draftErrors: errors } = state;
  const zone = state.profile?.time_zone ?? ownZone();
  const mentor = mentors.find(({ id }) => id === draft.mentor_id);
  const subjects = mentor?.subjects.length ? mentor.subjects : state.subjects;
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const wrong = await actions.request();
    if (wrong && form.isConnected) /** @type {HTMLElement | null} */ (form.querySelector(`[data-field="${wrong}"]`))?.focus();
  };
  const text = (/** @type {keyof Draft} */ name) => (/** @type {Event} */ event) =>
    actions.edit({ [name]: /** @type {HTMLInputElement} */ (event.target).value });
  return html`${title("Request a session")}
    <form class="ask" novalidate @submit=${submit}>
      <div class="card ask-what">
        <div class="field"><label for="mentor">Mentor</label>
          <select id="mentor" data-field="mentor_id" .value=${live(draft.mentor_id)} aria-invalid=${errors.mentor_id ? "true" : "false"} aria-describedby=${describedBy("mentor_id", errors.mentor_id)}
            @change=${(/** @type {Event} */ event) => { location.hash = `#/request/${/** @type {HTMLSelectElement} */ (event.target).value}`; }}>
            <option value="" ?selected=${!draft.mentor_id}>Choose…</option>
            ${mentors.map(({ id, name, rating, total_sessions_taught }) => html`<option value=${id} ?selected=${id === draft.mentor_id}>${name} · ${rating === null ? "no ratings" : `★ ${Number(rating).toFixed(1)}`} · ${total_sessions_taught} taught</option>`)}
          </select>${fieldError("mentor_id", errors.mentor_id)}</div>
        <div class="field"><label for="subject">Subject</label>
          <select id="subject" data-field="subject_id" .value=${live(draft.subject_id)} aria-invalid=${errors.subject_id ? "true" : "false"} aria-describedby=${describedBy("subject_id", errors.subject_id)} @change=${text("subject_id")}>
            <option value="" ?selected=${!draft.subject_id}>Choose…</option>
            ${subjects.map(({ id, name }) => html`<option value=${id} ?selected=${id === draft.subject_id}>${name}</option>`)}
          </select>${fieldError("subject_id", errors.subject_id)}</div>
        <div class="field"><label for="title">Title</label>
          <input id="title" data-field="title" maxlength="120" autocomplete="off" .value=${live(draft.title)} aria-invalid=${errors.title ? "true" : "false"} aria-describedby=${describedBy("title", errors.title)} @input=${text("title")}>
          ${fieldError("title", errors.title)}</div>
        <div class="field"><label for="description">Description <small class="quiet">optional</small></label>
          <textarea id="description" data-field="description" rows="5" .value=${live(draft.description)} aria-describedby=${describedBy("description", errors.description)} @input=${text("description")}></textarea>
          ${fieldError("description", errors.description)}</div>
        <fieldset class="choice"><legend>Duration</legend>
          ${[30, 60, 90, 120].map((minutes) => html`<label><input type="radio" name="duration" value=${minutes} .checked=${live(draft.duration === minutes)} @change=${() => actions.edit({ duration: minutes })}><span>${durationText(minutes)}</span></label>`)}
        </fieldset>
      </div>
      <div class="card ask-when">
        ${day(view, zone)}
        ${freeTimes(view, zone)}
        <div class="field"><label for="time">Time <small class="quiet">your clock, ${zoneText(zone)}</small></label>
          <input id="time" data-field="time" type="time" .value=${live(draft.time)} aria-invalid=${errors.time ? "true" : "false"} aria-describedby=${describedBy("time", errors.time)} @input=${text("time")}>
          ${fieldError("time", errors.time)}
          ${state.nextFree.length ? html`<div class="row next-free" role="group" aria-label="Next free times"><span>Next free:</span>${state.nextFree.map((start) => html`<button type="button" class="button small" @click=${() => actions.chooseSlot(start)}>${momentText(start, zone, state.now)}</button>`)}</div>` : nothing}</div>
        ${both(view, zone, mentor)}
      </div>
      <div class="ask-end">
        <p class="form-error" role="alert" tabindex="-1" data-field="form">${errors.form ?? ""}</p>
        ${mentor ? html`<p class="who">${avatar(mentor.id, mentor.name)}<span>${mentor.name}<span>${stars(mentor.rating, mentor.rating_count)}</span></span></p>` : nothing}
        <button class="button primary" aria-disabled=${state.draftBusy ? "true" : nothing}>${working(state.draftBusy, "Request Session")}</button>
      </div>
    </form>`;
}

/** @param {View} view @param {string} zone */
function day({ state, actions }, zone) {
  const { draft, draftErrors: errors } = state;
  const today = wallClock(state.now, zone).date;
  return html`<div class="field ask-day" role="group" aria-labelledby="date-label" aria-describedby=${describedBy("date", errors.date)}>
    <span id="date-label">Date</span>
    ${calendar({
      at: state.calendarAt || draft.date || today, selected: draft.date, min: today, max: addDays(today, 365), today, label: "Date", error: errors.date,
      choose: (date) => actions.edit({ date }), move: actions.lookAt,
      day: (date) => {
        const free = state.slots?.days[date]?.length ?? 0;
        const known = state.slots && !state.slots.many && state.slots.key.includes(` ${date.slice(0, 7)} `);
        return known ? { open: free > 0, text: free ? `${free} free ${free === 1 ? "time" : "times"}` : "no free time" } : { open: true, text: "" };
      },
    })}
    <p class="quiet">${draft.date ? dayText(`${draft.date}T12:00:00Z`, "UTC", state.now) : "No date chosen"}</p>
    ${fieldError("date", errors.date)}</div>`;
}

/** What the mentor has free on the chosen day. @param {View} view @param {string} zone */
function freeTimes({ state, actions }, zone) {
  const { draft, slots } = state;
  const free = draft.date && slots && !slots.many ? slots.days[draft.date] : undefined;
  if (!free?.length) return nothing;
  return html`<fieldset class="choice free"><legend>Free on this day</legend>
    ${repeat(free, (start) => start, (start) => html`<label><input type="radio" name="slot" .checked=${live(wallClock(start, zone).time === draft.time)} @change=${() => actions.chooseSlot(start)}><span>${timeText(start, zone)}</span></label>`)}</fieldset>`;
}

/** The chosen moment on both clocks. @param {View} view @param {string} zone @param {import("../types").Mentor | undefined} mentor */
function both({ state }, zone, mentor) {
  const { draft } = state;
  if (!draft.date || !/^\d\d:\d\d$/.test(draft.time)) return html`<p class="both quiet">Choose a date and a time to see it on both clocks.</p>`;
  const moment = instantOf(draft.date, draft.time, zone);
  const shown = timeText(moment, zone);
  const moved = wallClock(moment, zone).time !== draft.time;
  return html`<p class="both" aria-live="polite"><span><b>${momentText(moment, zone, state.now)}</b> for you</span>
    ${mentor && mentor.time_zone !== zone ? html`<span><b>${momentText(moment, mentor.time_zone, state.now)}</b> for ${mentor.name} in ${zoneText(mentor.time_zone)}</span>` : nothing}
    ${moved ? html`<span>Clocks change that night: ${draft.time} does not exist, ${shown} is meant.</span>` : nothing}</p>`;
}
