// One shape for everything that can go wrong, and the sentence a person reads.

/** What the database answers by code; its own sentence is shown for codes that need no rewording. */
const SENTENCES = {
  unreachable: "The server cannot be reached. Nothing you typed is lost; try again in a moment.",
  signed_out: "You have been signed out. Sign in again to go on; nothing you typed is lost.",
  slot_taken: "That time has just been taken. Choose another one.",
  time_in_past: "That time is already in the past.",
  request_not_pending: "This request has already been answered or withdrawn.",
  request_lapsed: "This request has lapsed: its time has passed.",
  not_allowed: "You may not do that.",
  not_found: "That does not exist any more.",
  reason_required: "Write a reason. The student will read it.",
  too_many_open_requests: "You have too many open requests. Wait for an answer, or withdraw one.",
  not_a_mentor: "This person does not mentor at the moment.",
  self_request: "You cannot request a session with yourself.",
  invalid_credentials: "That address and password do not belong together.",
  user_already_exists: "There is already an account with this address. Sign in instead.",
  email_exists: "There is already an account with this address. Sign in instead.",
  weak_password: "Choose a longer password: at least 6 characters.",
  email_not_confirmed: "Confirm your address first: open the link in the message we sent you.",
  over_request_rate_limit: "Too many attempts. Wait a minute, then try again.",
};

/** A failure with a stable `code` to branch on and a `message` to show. */
export class Problem extends Error {
  /** @param {string} code @param {string} [message] */
  constructor(code, message) {
    super(/** @type {Record<string, string>} */ (SENTENCES)[code] ?? message ?? "Something went wrong. Try again.");
    this.code = code;
  }
}

/**
 * Turns any error of supabase-js (data, auth, transport) into a Problem.
 * @param {any} error
 * @param {number} [status]
 */
export function problem(error, status = error?.status) {
  if (error instanceof Problem) return error;
  const code = String(error?.code ?? "");
  const text = String(error?.message ?? "");
  const lost = /fetch|network|load failed|timed? ?out|abort/i.test(`${error?.name} ${text}`);
  if (status === 0 || status >= 502 || (!code && lost) || error?.name === "AuthRetryableFetchError") {
    return new Problem("unreachable");
  }
  if (/^PGRST30[0-3]$/.test(code) || code === "not_signed_in" || code === "session_not_found"
    || (code === "42501" && status === 401)) {
    return new Problem("signed_out");
  }
  if (code === "42501") return new Problem("not_allowed");
  if (code === "23P01") return new Problem("slot_taken");
  return new Problem(code || "unknown", text);
}
