// What a person can do. Each action shows its outcome at once where that is safe, asks the backend, and
// takes the outcome back with a message when the backend says no.

import { createAccount } from "./actions/account.js";
import { createAnswering } from "./actions/answering.js";
import { createAsking } from "./actions/asking.js";
import { createDialogs } from "./actions/dialogs.js";
import { createHours } from "./actions/hours.js";
import { createTelling } from "./actions/telling.js";

/**
 * @typedef {object} Means  what every action works with
 * @property {ReturnType<typeof import("./store.js").createStore<import("./types").State>>} store
 * @property {import("./backend.js").Backend} backend
 * @property {() => Promise<void>} reload  reads all rows again
 * @property {import("./actions/telling.js").Telling} telling
 */
/** @typedef {ReturnType<typeof createActions>} Actions */

/** @param {Omit<Means, "telling">} means */
export function createActions({ store, backend, reload }) {
  const telling = createTelling(store);
  const means = { store, backend, reload, telling };
  const { tellMany, ...answering } = createAnswering(means);
  const { toast, dismiss, askToSignIn } = telling;
  return {
    ...answering, ...createAsking(means), ...createDialogs(means, tellMany), ...createHours(means), ...createAccount(means),
    toast, dismiss, askToSignIn, retry: reload,
  };
}
