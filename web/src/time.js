// Instants, zones and how they are written. Everything is pure: zone and present are passed in.

/** English wording follows the reader's own English (12 or 24 hours), British where there is none. */
export function readersLocale(languages = navigator.languages) {
  return languages.find((language) => /^en\b/i.test(language)) ?? "en-GB";
}

/** @type {Map<string, Intl.DateTimeFormat>} Formatters are slow to make and never change. */
const formatters = new Map();

/** @param {string} zone @param {Intl.DateTimeFormatOptions} options @param {string} [locale] */
function formatter(zone, options, locale = readersLocale()) {
  const key = `${locale} ${zone} ${JSON.stringify(options)}`;
  let made = formatters.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
    formatters.set(key, made);
  }
  return made;
}

/** Browsers still give some zones the names they had decades ago. @type {Record<string, string>} */
const RENAMED = {
  "Africa/Asmera": "Africa/Asmara", "America/Buenos_Aires": "America/Argentina/Buenos_Aires", "America/Godthab": "America/Nuuk",
  "Asia/Calcutta": "Asia/Kolkata", "Asia/Katmandu": "Asia/Kathmandu", "Asia/Rangoon": "Asia/Yangon", "Asia/Saigon": "Asia/Ho_Chi_Minh",
  "Atlantic/Faeroe": "Atlantic/Faroe", "Europe/Kiev": "Europe/Kyiv", "Pacific/Ponape": "Pacific/Pohnpei", "Pacific/Truk": "Pacific/Chuuk",
};
/** @param {string} zone */
const modern = (zone) => RENAMED[zone] ?? zone;

export const ownZone = () => modern(Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");

/** Every zone this browser knows, UTC among them. */
export function zones() {
  return [...new Set([...Intl.supportedValuesOf("timeZone").map(modern), "UTC", ownZone()])].sort();
}

/** The wall clock of a zone. @param {number | string | Date} instant @param {string} zone */
export function wallClock(instant, zone) {
  const parts = formatter(zone, {
    year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }, "en-CA").formatToParts(new Date(instant));
  const get = (/** @type {string} */ type) => parts.find((part) => part.type === type)?.value ?? "00";
  return {
    date: `${get("year").padStart(4, "0")}-${get("month")}-${get("day")}`,
    time: `${get("hour")}:${get("minute")}`,
    second: get("second"),
  };
}

/** Milliseconds the zone is ahead of UTC at an instant. @param {number} instant @param {string} zone */
function offset(instant, zone) {
  const { date, time, second } = wallClock(instant, zone);
  return Date.parse(`${date}T${time}:${second}Z`) - Math.floor(instant / 1000) * 1000;
}

const DAY = 86_400_000;

/**
 * The instant at which the clocks of a zone show this date and time. A time that clocks skip is moved
 * forward by the skip; a time that they show twice is the first one. The database has the same rule.
 * @param {string} date @param {string} time @param {string} zone
 */
export function instantOf(date, time, zone) {
  const wall = Date.parse(`${date}T${time}:00Z`);
  const before = offset(wall - DAY, zone);
  const after = offset(wall + DAY, zone);
  const first = wall - before;
  if (before === after || offset(first, zone) === before) return new Date(first);
  const second = wall - after;
  return new Date(offset(second, zone) === after ? second : first);
}

/** @param {string} date ISO date @param {number} days */
export function addDays(date, days) {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/** A clock of 24 hours has two digits, one of 12 hours does not. @type {() => Intl.DateTimeFormatOptions} */
const clock = () => ({
  hour: formatter("UTC", { hour: "numeric" }).resolvedOptions().hour12 ? "numeric" : "2-digit", minute: "2-digit",
});

/** "14:00" or "2:00 PM". @param {string | number | Date} instant @param {string} zone */
export function timeText(instant, zone) {
  return formatter(zone, clock()).format(new Date(instant));
}

/** "14:00–15:30", also over midnight. @param {string} start @param {string} end @param {string} zone */
export function spanText(start, end, zone) {
  return `${timeText(start, zone)}–${timeText(end, zone)}`;
}

/** "Thu" where the day in one zone is not the day in the other, else "". @param {string} start @param {string} zone @param {string} other */
export function otherDay(start, zone, other) {
  if (wallClock(start, zone).date === wallClock(start, other).date) return "";
  return formatter(other, { weekday: "short" }).format(new Date(start));
}

/** "Today", "Tomorrow", "Yesterday" or "". @param {string | number | Date} instant @param {string} zone @param {number} now */
export function nearDay(instant, zone, now) {
  const day = wallClock(instant, zone).date;
  const today = wallClock(now, zone).date;
  if (day === today) return "Today";
  if (day === addDays(today, 1)) return "Tomorrow";
  if (day === addDays(today, -1)) return "Yesterday";
  return "";
}

/** "Sunday 22 November", with the year when it is not this one. @param {string | number | Date} instant @param {string} zone @param {number} now */
export function dayText(instant, zone, now) {
  const sameYear = wallClock(instant, zone).date.slice(0, 4) === wallClock(now, zone).date.slice(0, 4);
  return formatter(zone, {
    weekday: "long", day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }),
  }).format(new Date(instant));
}

/** "November 2026". @param {string} date ISO date */
export function monthText(date) {
  return formatter("UTC", { month: "long", year: "numeric" }).format(new Date(`${date.slice(0, 7)}-01T12:00:00Z`));
}

/** Monday to Sunday. */
export function weekdayTexts() {
  return Array.from({ length: 7 }, (_, day) => {
    const moment = new Date(Date.UTC(2024, 0, 1 + day, 12));
    return { long: formatter("UTC", { weekday: "long" }).format(moment), short: formatter("UTC", { weekday: "short" }).format(moment) };
  });
}

/** "Tomorrow, 14:00" or "Sunday, 29 November, 14:00". @param {string | number | Date} instant @param {string} zone @param {number} now */
export function momentText(instant, zone, now) {
  return `${nearDay(instant, zone, now) || dayText(instant, zone, now)}, ${timeText(instant, zone)}`;
}

/** "45 min", "1 h", "1 h 30 min". @param {number} minutes */
export function durationText(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours ? `${hours} h` : "", rest || !hours ? `${rest} min` : ""].filter(Boolean).join(" ");
}

/** "in 25 min", "2 h ago", "now". @param {string | number | Date} instant @param {number} now */
export function relativeText(instant, now) {
  const minutes = Math.round((new Date(instant).getTime() - now) / 60_000);
  const size = Math.abs(minutes);
  if (size < 1) return "now";
  const amount = size < 60 ? `${size} min` : size < 1440 ? `${Math.round(size / 60)} h`
    : `${Math.round(size / 1440)} ${Math.round(size / 1440) === 1 ? "day" : "days"}`;
  return minutes > 0 ? `in ${amount}` : `${amount} ago`;
}

/** "Buenos Aires" of "America/Argentina/Buenos_Aires". @param {string} zone */
export function zoneText(zone) {
  return (zone.split("/").pop() ?? zone).replaceAll("_", " ");
}
