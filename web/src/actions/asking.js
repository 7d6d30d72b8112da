// The request form: what is typed, the mentor's free times, and sending it.

import { checkDraft } from "../checks.js";
import { emptyDraft, forgetDraft, keepDraft } from "../drafts.js";
import { problem } from "../errors.js";
import { addDays, instantOf, ownZone, wallClock } from "../time.js";

/** @typedef {import("../types").Draft} Draft */

/** More free times than this in a month are no help in a calendar: nearly every time is free. */
const MANY = 700;
/** Refusals that another time would cure. */
const TIMES = new Set(["slot_taken", "time_in_past", "time_not_on_minute", "outside_hours", "too_soon", "too_far_ahead", "cap_reached"]);

/** @param {import("../actions.js").Means} means */
export function createAsking({ store, backend, reload, telling }) {
  const { update } = store;
  const zoneNow = () => store.state.profile?.time_zone ?? ownZone();

  /** @param {Draft} draft @param {Date} moment */
  async function nextFree(draft, moment) {
    void findSlots(true);
    const from = new Date(Math.max(Date.now(), moment.getTime()));
    const rows = await backend.slots(draft.mentor_id, from, new Date(from.getTime() + 14 * 86_400_000), draft.duration, 3).catch(() => []);
    update({ nextFree: rows.map((/** @type {{starts_at: string}} */ row) => row.starts_at) });
  }

  /** Free times of the chosen mentor in the month the calendar shows. @param {boolean} [again] also when they are known */
  async function findSlots(again = false) {
    const { draft, calendarAt, now } = store.state;
    const zone = zoneNow();
    const at = calendarAt || draft.date || wallClock(now, zone).date;
    const key = `${draft.mentor_id} ${at.slice(0, 7)} ${draft.duration} ${zone}`;
    if (!draft.mentor_id) return update({ slots: null });
    if (store.state.slots?.key === key && !again) return;
    if (store.state.slots?.key !== key) update({ slots: null });
    const first = `${at.slice(0, 7)}-01`;
    const next = `${addDays(first, 32).slice(0, 7)}-01`;
    const from = new Date(Math.max(Date.now(), instantOf(first, "00:00", zone).getTime()));
    try {
      const rows = await backend.slots(draft.mentor_id, from, instantOf(next, "00:00", zone), draft.duration, MANY);
      /** @type {Record<string, string[]>} */
      const days = {};
      for (const { starts_at } of rows) (days[wallClock(starts_at, zone).date] ??= []).push(starts_at);
      if (store.state.draft.mentor_id === draft.mentor_id) update({ slots: { key, days, many: rows.length >= MANY } });
    } catch {
      // The form works without: the database checks the time anyway.
      update({ slots: null });
    }
  }

  /** @param {Partial<Draft>} patch */
  function edit(patch) {
    const draft = { ...store.state.draft, ...patch };
    const draftErrors = { ...store.state.draftErrors };
    for (const name of /** @type {(keyof typeof patch)[]} */ (Object.keys(patch))) delete draftErrors[name];
    keepDraft(draft);
    update({ draft, draftErrors, ...(patch.date && { calendarAt: patch.date }), ...(patch.time && { nextFree: [] }) });
    if (patch.mentor_id !== undefined || patch.duration || patch.date) void findSlots();
  }

  return {
    findSlots, edit,

    /** @param {string} start */
    chooseSlot(start) {
      const { date, time } = wallClock(start, zoneNow());
      update({ nextFree: [] });
      edit({ date, time });
    },

    /** @param {string} calendarAt */
    lookAt(calendarAt) {
      update({ calendarAt });
      void findSlots();
    },

    /** Answers the name of the first field to look at, or "" when the request is on its way. */
    async request() {
      const { draft } = store.state;
      if (store.state.draftBusy) return "";
      const zone = zoneNow();
      const draftErrors = checkDraft(draft, zone, Date.now());
      update({ draftErrors });
      const first = Object.keys(draftErrors)[0];
      if (first) return first;
      update({ draftBusy: true });
      try {
        const made = await backend.request(draft, instantOf(draft.date, draft.time, zone));
        forgetDraft();
        update({ draft: emptyDraft(), calendarAt: "", requests: [made, ...(store.state.requests ?? []).filter(({ id }) => id !== made.id)] });
        telling.toast({ id: `sent-${made.id}`, tone: "good", title: "Request sent", text: `“${made.title}” is waiting for an answer.` });
        location.hash = "#/requests";
        void reload();
        return "";
      } catch (error) {
        const { code } = problem(error);
        const field = TIMES.has(code) ? "time" : "form";
        update({ draftErrors: { [field]: telling.sentence(error) } });
        if (field === "time") void nextFree(draft, instantOf(draft.date, draft.time, zone));
        return field;
      } finally {
        update({ draftBusy: false });
      }
    },
  };
}
