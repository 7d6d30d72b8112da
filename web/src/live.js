// Changes as they happen. An event is only a hint to look again: events are lost while a connection is
// down, so every (re)subscription asks for a look too, and the caller reads the rows anew.

/** @typedef {import("@supabase/supabase-js").SupabaseClient} SupabaseClient */
/** @typedef {import("@supabase/supabase-js").RealtimeChannel} RealtimeChannel */

const RETRY = [500, 1000, 2000, 4000, 8000];

/**
 * @param {SupabaseClient} client
 * @param {string} user
 * @param {{look: () => void, status: (live: import("./types").Live) => void}} told
 * @returns {{stop: () => void, hurry: () => void}} `hurry`: the server is known to be back, so no more waiting
 */
export function watch(client, user, told) {
  /** @type {RealtimeChannel | null} */
  let channel = null;
  /** @type {RealtimeChannel | null} to be taken down before the next one opens */
  let broken = null;
  let failures = 0;
  let stopped = false;
  let timer = 0;

  function open() {
    const mine = client.channel("session_requests_changes");
    channel = mine;
    const on = (/** @type {"INSERT" | "UPDATE"} */ event, /** @type {string} */ table, /** @type {string} */ column) =>
      mine.on("postgres_changes", /** @type {any} */ ({
        event, schema: "public", table, filter: `${column}=eq.${user}`,
      }), told.look);
    on("INSERT", "session_requests", "mentor_id");
    // Asked from another tab or device of the same person.
    on("INSERT", "session_requests", "student_id");
    on("UPDATE", "session_requests", "student_id");
    on("UPDATE", "session_requests", "mentor_id");
    on("UPDATE", "sessions", "student_id");
    on("UPDATE", "sessions", "mentor_id");
    on("INSERT", "notifications", "recipient_id");
    // Rows flow only from this message on, a little after SUBSCRIBED.
    mine.on("system", {}, (/** @type {{status?: string}} */ message) => {
      if (mine !== channel) return;
      if (message.status === "ok") {
        failures = 0;
        told.status("live");
        told.look();
      } else {
        again();
      }
    });
    mine.subscribe((status) => {
      if (mine !== channel) return;
      if (status === "CHANNEL_ERROR" || status === "TIMED_OUT" || status === "CLOSED") again();
    });
  }

  function again() {
    if (stopped) return;
    told.status("offline");
    broken = channel;
    channel = null;
    retryIn(RETRY[Math.min(failures++, RETRY.length - 1)]);
  }

  /** @param {number} milliseconds */
  function retryIn(milliseconds) {
    clearTimeout(timer);
    timer = window.setTimeout(async () => {
      timer = 0;
      if (broken) await client.removeChannel(broken);
      broken = null;
      if (!stopped) open();
    }, milliseconds);
  }

  told.status("connecting");
  open();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      const old = channel ?? broken;
      channel = null;
      if (old) void client.removeChannel(old);
    },
    hurry() {
      if (timer) retryIn(0);
    },
  };
}
