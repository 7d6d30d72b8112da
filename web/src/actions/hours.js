// A mentor's hours: read, edited, saved as a whole.

import { hoursRows, readHours, wrongHours } from "../hours.js";
import { ownZone } from "../time.js";

/** @param {import("../actions.js").Means} means */
export function createHours({ store, backend, telling }) {
  const { update } = store;

  async function read() {
    if (store.state.hours?.changed || store.state.hours?.busy) return;
    try {
      const { week, dates, terms } = await backend.hours();
      if (!store.state.hours?.changed) update({ hours: readHours(week, dates, terms, store.state.profile?.time_zone ?? ownZone()) });
    } catch (error) {
      telling.failed(error, "Could not read your hours");
    }
  }

  return {
    readHours: read,

    /** @param {Partial<import("../types").Hours>} patch */
    editHours(patch) {
      const { hours } = store.state;
      if (hours) update({ hours: { ...hours, ...patch, changed: true, error: "" } });
    },

    async saveHours() {
      const { hours, user } = store.state;
      if (!hours || !user || hours.busy) return;
      const error = wrongHours(hours);
      if (error) return update({ hours: { ...hours, error } });
      update({ hours: { ...hours, busy: true, error: "" } });
      try {
        await backend.saveHours(user.id, hoursRows(hours));
        update({ hours: { ...hours, busy: false, changed: false } });
        telling.toast({ id: "hours", tone: "good", title: "Hours saved" });
        void read();
      } catch (error) {
        update({ hours: { ...hours, busy: false, error: telling.sentence(error) } });
      }
    },
  };
}
