// The whole state of the page in one object, replaced, never changed in place.

/**
 * @template S
 * @param {S} state
 */
export function createStore(state) {
  /** @type {Set<(state: S) => void>} */
  const listeners = new Set();
  return {
    get state() {
      return state;
    },
    /** @param {Partial<S>} patch */
    update(patch) {
      state = { ...state, ...patch };
      for (const listener of listeners) listener(state);
    },
    /** @param {(state: S) => void} listener */
    subscribe(listener) {
      listeners.add(listener);
    },
  };
}
