// A mentor's hours between the database's rows and the editor.

/** @typedef {import("./types").Hours} Hours */

export const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

let keys = 0;
export const newRowKey = () => `row-${keys++}`;

/** @param {string | null} time "09:00:00" @param {string} instead */
const short = (time, instead) => time?.slice(0, 5) ?? instead;

/**
 * @param {any[]} week @param {any[]} dates @param {any} terms null when nothing was ever set
 * @param {string} zone
 * @returns {Hours}
 */
export function readHours(week, dates, terms, zone) {
  return {
    week: week.map(({ id, weekday, start_time, end_time }) => ({ key: id, weekday, start: short(start_time, ""), end: short(end_time, "") })),
    dates: dates.map(({ id, on_date, start_time, end_time }) => ({
      key: id, date: on_date, closed: start_time === null, start: short(start_time, "09:00"), end: short(end_time, "12:00"),
    })),
    zone: terms?.time_zone ?? zone, notice: terms?.minimum_notice_minutes ?? 0, before: terms?.buffer_before_minutes ?? 0,
    after: terms?.buffer_after_minutes ?? 0, step: terms?.step_minutes ?? 30, perDay: terms?.max_sessions_per_day ?? null,
    changed: false, busy: false, error: "",
  };
}

/** A sentence about the first row that cannot be meant, or "". @param {Hours} hours */
export function wrongHours({ week, dates }) {
  const ordered = (/** @type {{start: string, end: string}} */ { start, end }) => start && end && (start < end || end === "00:00");
  for (const [at, day] of WEEKDAYS.entries()) {
    const rows = week.filter(({ weekday }) => weekday === at + 1).sort((a, b) => a.start.localeCompare(b.start));
    for (const [index, row] of rows.entries()) {
      if (!ordered(row)) return `${day}: the end must come after the start.`;
      if (index && rows[index - 1].end > row.start) return `${day}: two stretches overlap.`;
    }
  }
  for (const row of dates) {
    if (!row.date) return "Each special date needs its date.";
    if (!row.closed && !ordered(row)) return `${row.date}: the end must come after the start.`;
  }
  return "";
}

/** Midnight as an end is 24:00 to the database. @param {Hours} hours @returns {Hours} */
export function hoursRows(hours) {
  const end = (/** @type {string} */ time) => (time === "00:00" ? "24:00" : time);
  return {
    ...hours,
    week: hours.week.map((row) => ({ ...row, end: end(row.end) })),
    dates: hours.dates.map((row) => ({ ...row, end: end(row.end) })),
  };
}
