// What has been.

import { html } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { dayText, wallClock } from "../time.js";
import { sessionRow, upcoming } from "./home.js";
import { emptyState, skeleton, title } from "./parts.js";

/** @param {import("./parts.js").View} view */
export function history(view) {
  const { state } = view;
  if (!state.sessions) return html`${title("History")}${skeleton(4)}`;
  const zone = state.profile?.time_zone ?? "UTC";
  const coming = new Set(upcoming(state).map(({ id }) => id));
  const past = state.sessions.filter(({ id }) => !coming.has(id));
  const days = Map.groupBy(past, (session) => wallClock(session.scheduled_time, zone).date);
  return html`${title("History")}
    ${past.length ? repeat(days, ([day]) => day, ([, sessions]) => html`
        <h2 class="day"><span>${dayText(sessions[0].scheduled_time, zone, state.now)}</span></h2>
        <ol class="rail">${repeat(sessions, ({ id }) => id, (session) => sessionRow(view, session))}</ol>`)
      : emptyState("history", "No past sessions", "Sessions that are over, and cancelled ones, are kept here.")}`;
}
