// Imports calendar files, given as a JSON list on standard input, and tells what a calendar holds then.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const masters = new Map();
const exceptions = new Map();
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.remove(zone.getFirstPropertyValue("tzid"));
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  const method = calendar.getFirstPropertyValue("method");
  for (const component of calendar.getAllSubcomponents("vevent")) {
    const event = new ICAL.Event(component);
    const kept = event.isRecurrenceException() ? exceptions : masters;
    const key = event.uid + (event.recurrenceId ?? "");
    const known = kept.get(key);
    if (!known || event.sequence >= known.event.sequence) kept.set(key, { event, component, method });
  }
}

// An occurrence that came without its series stands for itself.
for (const [key, one] of exceptions) if (!masters.has(one.event.uid)) masters.set(key, one);

const iso = (time) => time.toJSDate().toISOString();
const found = [...masters.values()].map(({ event, component, method }) => {
  if (event.isRecurring()) {
    for (const exception of exceptions.values()) event.relateException(exception.component);
  }
  const occurrences = [];
  if (event.isRecurring()) {
    const each = event.iterator();
    for (let next = each.next(); next && occurrences.length < 100; next = each.next()) {
      occurrences.push(iso(event.getOccurrenceDetails(next).startDate));
    }
  }
  return {
    uid: event.uid,
    sequence: event.sequence,
    method,
    status: component.getFirstPropertyValue("status"),
    start: iso(event.startDate),
    end: iso(event.endDate),
    summary: event.summary,
    description: event.description,
    organizer: component.getFirstProperty("organizer")?.getParameter("cn"),
    occurrences,
  };
});
console.log(JSON.stringify(found));
