// Answers to requests: one by one, or several at once. Shown at once, taken back when the backend says no.

import { patched } from "./telling.js";

/** @typedef {import("../types").SessionRequest} SessionRequest */

/** @param {import("../actions.js").Means} means */
export function createAnswering({ store, backend, reload, telling }) {
  const { update } = store;
  const { toast, dismiss, failed, busy } = telling;

  /**
   * Shows a request in its new state, asks, and puts the old row back when the answer is no.
   * @param {string} id @param {Partial<SessionRequest>} patch @param {() => Promise<any>} ask @param {string} title
   */
  async function onRequest(id, patch, ask, title) {
    const old = store.state.requests?.find((request) => request.id === id);
    if (!old || store.state.busy.has(id)) return false;
    busy(id, true);
    update({ requests: patched(store.state.requests, id, patch) });
    try {
      await ask();
      dismiss(`new-${id}`);
      return true;
    } catch (error) {
      update({ requests: patched(store.state.requests, id, old) });
      failed(error, title);
      return false;
    } finally {
      busy(id, false);
      void reload();
    }
  }

  return {
    /** @param {SessionRequest} request */
    async approve(request) {
      const ok = await onRequest(request.id, { status: "approved" }, () => backend.approve(request.id), "Could not approve");
      if (ok) toast({ id: `done-${request.id}`, tone: "good", title: "Approved", text: `“${request.title}” is in your upcoming sessions.` });
    },

    /** @param {SessionRequest} request */
    async withdraw(request) {
      const ok = await onRequest(request.id, { status: "cancelled" }, () => backend.withdraw(request.id), "Could not withdraw");
      if (ok) toast({ id: `done-${request.id}`, tone: "info", title: "Withdrawn", text: `“${request.title}” is no longer waiting for an answer.` });
    },

    /** @param {string} id @param {boolean} on */
    pick(id, on) {
      const picked = new Set(store.state.picked);
      if (on) picked.add(id);
      else picked.delete(id);
      update({ picked });
    },

    async approvePicked() {
      const ids = [...store.state.picked];
      if (!ids.length || store.state.busy.has("picked")) return;
      busy("picked", true);
      try {
        tellMany(await backend.approveMany(ids), "approved");
      } catch (error) {
        failed(error, "Could not approve");
      } finally {
        busy("picked", false);
        void reload();
      }
    },

    tellMany,
  };

  /** Those that failed stay chosen, and are named with the reason. @param {{request_id: string, ok: boolean, message?: string}[]} results @param {string} done */
  function tellMany(results, done) {
    const lost = results.filter(({ ok }) => !ok);
    for (const { request_id, ok } of results) if (ok) dismiss(`new-${request_id}`);
    update({ picked: new Set(lost.map(({ request_id }) => request_id)) });
    toast({
      id: "many", tone: lost.length ? "bad" : "good", title: `${results.length - lost.length} of ${results.length} ${done}`,
      text: lost.map(({ request_id, message }) => `${store.state.requests?.find(({ id }) => id === request_id)?.title ?? "A request"}: ${message}`).join("\n"),
    });
  }
}
