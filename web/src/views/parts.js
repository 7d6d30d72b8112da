// Small pieces every view is made of.

import { html, nothing, svg } from "lit-html";
import { ifDefined } from "lit-html/directives/if-defined.js";
import { dayText, durationText, nearDay, otherDay, spanText, zoneText } from "../time.js";

/** @typedef {import("../types").Profile} Profile */
/** @typedef {{state: import("../types").State, actions: import("../actions.js").Actions}} View */

const PATHS = {
  calendar: svg`<path d="M5 6h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1Zm-1 4.5h16M8 3.5V7m8-3.5V7"/>`,
  inbox: svg`<path d="M4 13.5 6.4 6a1.5 1.5 0 0 1 1.4-1h8.4a1.5 1.5 0 0 1 1.4 1L20 13.5V18a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18v-4.5Zm0 0h4.2l1.3 2.4h5l1.3-2.4H20"/>`,
  people: svg`<path d="M9.2 11.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4Zm-5.7 8c.4-3.2 2.7-5 5.7-5s5.3 1.8 5.7 5M15.6 5.1a3.2 3.2 0 0 1 0 5.9m1.5 3.5c2 .6 3.2 2.2 3.5 4.7"/>`,
  history: svg`<path d="M4 12a8 8 0 1 0 2.6-5.9L4 8.5m0-4.3v4.3h4.3M12 7.8V12l2.8 1.8"/>`,
  bell: svg`<path d="M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 1.8H5l1.5-1.8ZM10 20.8h4"/>`,
  video: svg`<path d="M4.5 7h8.6a1.5 1.5 0 0 1 1.5 1.5v7a1.5 1.5 0 0 1-1.5 1.5H4.5A1.5 1.5 0 0 1 3 15.5v-7A1.5 1.5 0 0 1 4.5 7Zm10.1 4 6.4-3.5v9L14.6 13"/>`,
  copy: svg`<path d="M9 9h9.5v10.5H9zM6 15.5H4.5V4.5h10V6"/>`,
  check: svg`<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
  cross: svg`<path d="m6.5 6.5 11 11m0-11-11 11"/>`,
  left: svg`<path d="m14.5 5.5-6.5 6.5 6.5 6.5"/>`,
  right: svg`<path d="m9.5 5.5 6.5 6.5-6.5 6.5"/>`,
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  clock: svg`<path d="M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16Zm0-12.2V12l3 2"/>`,
  star: svg`<path class="solid" d="m12 3.8 2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z"/>`,
};

/** Decoration only: what it means stands beside it or in the label. @param {keyof typeof PATHS} name */
export const icon = (name) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${PATHS[name]}</svg>`;

export const mark = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
  <circle class="mark-a" cx="12" cy="16" r="8"></circle><circle class="mark-b" cx="20" cy="16" r="8"></circle>
</svg>`;

/** @param {string} id @param {string} name */
export function avatar(id, name) {
  const initials = name.trim().split(/\s+/).map((word) => [...word][0] ?? "").filter((_, at, all) => at === 0 || at === all.length - 1).join("").toUpperCase();
  const tint = parseInt(id.slice(0, 4), 16) % 6 || 0;
  return html`<span class="avatar tint-${tint}" aria-hidden="true">${initials}</span>`;
}

/** @param {number | null} rating @param {number} [count] */
export function stars(rating, count) {
  if (rating === null || rating === undefined) return html`<span class="quiet">No ratings yet</span>`;
  const text = Number(rating).toFixed(1);
  return html`<span class="stars">${icon("star")}<span class="sr">Rated </span>${text}<span class="sr"> of 5</span>${count ? html`<span class="quiet"> (${count})</span>` : nothing}</span>`;
}

const STATUS = {
  pending: "Waiting", approved: "Approved", rejected: "Rejected", expired: "Expired", cancelled: "Withdrawn",
};

/** @param {import("../types").RequestStatus} status */
export const requestBadge = (status) => html`<span class="badge badge-${status}">${STATUS[status] ?? status}</span>`;

/** @param {import("../types").SessionStatus} status */
export const sessionBadge = (status) => html`<span class="badge badge-${status}">${status}</span>`;

/**
 * A stretch of time as its reader lives it, and below as the other one does where their clocks differ.
 * @param {{start: string, end: string, duration: number, zone: string, now: number, other?: Profile}} time
 */
export function when({ start, end, duration, zone, now, other }) {
  const near = nearDay(start, zone, now);
  const mine = spanText(start, end, zone);
  const theirs = other ? spanText(start, end, other.time_zone) : mine;
  return html`<div class="when">
    <time datetime=${start}><span class="when-day">${near ? html`<b>${near}</b>, ` : nothing}${dayText(start, zone, now)}</span>
      <span class="when-time">${mine}</span></time>
    <span class="quiet">${durationText(duration)}</span>
    ${other && theirs !== mine
      ? html`<span class="when-other quiet">${otherDay(start, zone, other.time_zone)} ${theirs} for ${other.name} in ${zoneText(other.time_zone)}</span>` : nothing}
  </div>`;
}

/** @param {keyof typeof PATHS} picture @param {string} title @param {unknown} text @param {unknown} [action] */
export const emptyState = (picture, title, text, action = nothing) => html`<div class="empty">
  ${icon(picture)}<p class="empty-title">${title}</p><p class="quiet">${text}</p>${action}</div>`;

/** Holds the place of rows that are on their way, so that nothing jumps. @param {number} rows */
export const skeleton = (rows) => html`<div class="skeleton" role="status"><span class="sr">Loading…</span>
  ${Array.from({ length: rows }, () => html`<div class="skeleton-row"></div>`)}</div>`;

/** A heading that can take the focus when a page opens. @param {unknown} text */
export const title = (text) => html`<h1 tabindex="-1">${text}</h1>`;

/** @param {string} name @param {string | undefined} error */
export const fieldError = (name, error) =>
  html`<p class="field-error" id="${name}-error" ?hidden=${!error}>${error ?? nothing}</p>`;

/** @param {string} name @param {string | undefined} error */
export const describedBy = (name, error) => ifDefined(error ? `${name}-error` : undefined);

/** @param {boolean} on @param {unknown} text */
export const working = (on, text) => (on ? html`<span class="spinner" aria-hidden="true"></span>${text}…` : text);
