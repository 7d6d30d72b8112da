// Every question the pages ask of Supabase, by plain supabase-js. Each answers data or throws a Problem.

import { createClient } from "@supabase/supabase-js";
import { Problem, problem } from "./errors.js";

/** @typedef {import("./types").Config} Config */
/** @typedef {import("./types").Draft} Draft */
/** @typedef {ReturnType<typeof createBackend>} Backend */

const PATIENCE = 15_000;
const REQUESTS = "id, student_id, mentor_id, subject_id, title, description, requested_time, end_time, duration, "
  + "status, video_room_id, rejection_reason, rejection_code, created_at, responded_at";
const SESSIONS = "id, request_id, mentor_id, student_id, subject_id, title, description, scheduled_time, end_time, "
  + "duration, status, video_room_id, cancelled_by, cancel_reason, no_show, pre_session_notes, post_session_notes";
const PROFILES = "id, name, bio, is_mentor, rating, rating_count, total_sessions_taught, time_zone";

const TERMS = "time_zone, buffer_before_minutes, buffer_after_minutes, minimum_notice_minutes, step_minutes, max_sessions_per_day";

/** A request that hangs is a failure too. @type {typeof fetch} */
const patientFetch = (input, init = {}) =>
  fetch(input, { ...init, signal: init.signal ?? AbortSignal.timeout(PATIENCE) });

/** @param {Config} config */
export function createBackend(config) {
  const client = createClient(config.supabaseUrl, config.publishableKey, {
    auth: { storageKey: "mentorkit-session" },
    // Its retries would keep the reader waiting for seven seconds; the page says at once what is wrong, and looks again by itself.
    db: { retry: false },
    global: { fetch: patientFetch },
  });

  /** @param {PromiseLike<{data: any, error: any, status?: number}>} call */
  async function ask(call) {
    const { data, error, status } = await Promise.resolve(call).catch((error) => ({ data: null, error, status: 0 }));
    if (error) throw problem(error, status);
    return data;
  }
  /** @param {string} name @param {object} [args] */
  const rpc = (name, args) => ask(client.rpc(name, args));

  return {
    client,

    /** @param {string} email @param {string} password */
    async signIn(email, password) {
      return ask(client.auth.signInWithPassword({ email, password }));
    },
    /** @param {{email: string, password: string, name: string, mentor: boolean, zone: string}} person */
    async signUp({ email, password, name, mentor, zone }) {
      const data = { name: name.trim(), is_mentor: mentor, time_zone: zone };
      const answer = await ask(client.auth.signUp({ email, password, options: { data } }));
      if (!answer.session) throw new Problem("email_not_confirmed");
      return answer;
    },
    signOut: () => client.auth.signOut({ scope: "local" }),

    mentors: () => ask(client.from("mentors")
      .select("id, name, bio, rating, rating_count, total_sessions_taught, time_zone, subjects")
      .order("rating", { ascending: false, nullsFirst: false })
      .order("total_sessions_taught", { ascending: false }).order("id").limit(500)),
    subjects: () => ask(client.from("subjects").select("id, name, description").order("name")),
    /** @param {string[]} ids */
    people: (ids) => ask(client.from("profiles").select(PROFILES).in("id", ids)),
    requests: () => ask(client.from("session_requests").select(REQUESTS)
      .order("created_at", { ascending: false }).limit(200)),
    sessions: () => ask(client.from("sessions").select(SESSIONS)
      .order("scheduled_time", { ascending: false }).limit(200)),
    notices: () => ask(client.from("notifications")
      .select("id, kind, request_id, session_id, payload, created_at, read_at")
      .order("created_at", { ascending: false }).limit(50)),
    ratings: () => ask(client.from("session_ratings").select("session_id, rater_id, rated_id, rating, comment")
      .order("created_at", { ascending: false }).limit(400)),
    proposals: () => ask(client.from("reschedule_proposals").select("id, session_id, proposed_by, scheduled_time, duration, message")
      .eq("status", "pending")),
    /** Free starts, at most `limit`. @param {string} mentor @param {Date} from @param {Date} to @param {number} duration @param {number} limit */
    slots: (mentor, from, to, duration, limit) => ask(client.rpc("available_slots", {
      mentor_id: mentor, from_time: from.toISOString(), to_time: to.toISOString(), duration,
    }).select("starts_at").order("starts_at").limit(limit)),
    /** @param {string} room */
    sessionOfRoom: (room) => ask(client.from("sessions").select(SESSIONS).eq("video_room_id", room).maybeSingle()),

    /** @param {Draft} draft @param {Date} moment */
    request: (draft, moment) => rpc("request_session", {
      mentor_id: draft.mentor_id,
      subject_id: draft.subject_id,
      title: draft.title.trim(),
      requested_time: moment.toISOString(),
      duration: draft.duration,
      description: draft.description.trim() || null,
      idempotency_key: draft.key,
    }),
    /** @param {string} id */
    approve: (id) => rpc("approve_request", { request_id: id }),
    /** @param {string} id @param {string} reason */
    reject: (id, reason) => rpc("reject_request", { request_id: id, reason }),
    /** @param {string} id */
    withdraw: (id) => rpc("withdraw_request", { request_id: id }),
    /** @param {string} id @param {string} reason */
    cancel: (id, reason) => rpc("cancel_session", { session_id: id, reason }),
    /** Each answer says of its request whether it went well. @param {string[]} ids */
    approveMany: (ids) => rpc("approve_requests", { request_ids: ids }),
    /** @param {string[]} ids @param {string} reason */
    rejectMany: (ids, reason) => rpc("reject_requests", { request_ids: ids, reason }),
    /** @param {string} id @param {number} rating @param {string} comment */
    rate: (id, rating, comment) => rpc("rate_session", { session_id: id, rating, comment: comment || null }),
    /** @param {string} id @param {"pre_session_notes" | "post_session_notes"} which @param {string} text */
    note: (id, which, text) => rpc("write_session_notes", { session_id: id, [which]: text }),
    /** @param {string} id @param {Date} moment @param {string} message */
    move: (id, moment, message) => rpc("propose_reschedule", { session_id: id, scheduled_time: moment.toISOString(), message: message || null }),
    /** @param {string} id */
    acceptMove: (id) => rpc("accept_reschedule", { proposal_id: id }),
    /** @param {string} id @param {string} reason */
    declineMove: (id, reason) => rpc("decline_reschedule", { proposal_id: id, reason: reason || null }),
    /** @param {string} id */
    withdrawMove: (id) => rpc("withdraw_reschedule", { proposal_id: id }),

    async hours() {
      const [week, dates, terms] = await Promise.all([
        ask(client.from("availability_rules").select("id, weekday, start_time, end_time").order("weekday").order("start_time")),
        ask(client.from("availability_overrides").select("id, on_date, start_time, end_time").order("on_date").order("start_time")),
        ask(client.from("booking_terms").select(TERMS).maybeSingle()),
      ]);
      return { week, dates, terms };
    },
    /** Puts the new rows in before it takes the old ones out: a failure between leaves more hours, never none. @param {string} id @param {import("./types").Hours} hours */
    async saveHours(id, hours) {
      const terms = {
        time_zone: hours.zone, buffer_before_minutes: hours.before, buffer_after_minutes: hours.after,
        minimum_notice_minutes: hours.notice, step_minutes: hours.step, max_sessions_per_day: hours.perDay,
      };
      // Not an upsert: that would write mentor_id too, and nobody may change that.
      const had = await ask(client.from("booking_terms").update(terms).eq("mentor_id", id).select("mentor_id"));
      if (!had.length) await ask(client.from("booking_terms").insert(terms));
      const replace = async (/** @type {string} */ table, /** @type {object[]} */ rows) => {
        const old = (await ask(client.from(table).select("id"))).map((/** @type {{id: string}} */ row) => row.id);
        if (rows.length) await ask(client.from(table).insert(rows));
        if (old.length) await ask(client.from(table).delete().in("id", old));
      };
      await replace("availability_rules", hours.week.map(({ weekday, start, end }) => ({ weekday, start_time: start, end_time: end })));
      await replace("availability_overrides", hours.dates.map(({ date, closed, start, end }) => ({
        on_date: date, start_time: closed ? null : start, end_time: closed ? null : end,
      })));
    },
    /** @param {string} room */
    roomAccess: (room) => rpc("room_access", { room_id: room }),
    /** @param {string} id @param {object} fields */
    saveProfile: (id, fields) => ask(client.from("profiles").update(fields).eq("id", id).select(PROFILES).single()),
    /** @param {string} id @param {string[]} subjects */
    async saveSubjects(id, subjects) {
      const had = (await ask(client.from("mentor_subjects").select("subject_id").eq("mentor_id", id)))
        .map((/** @type {{subject_id: string}} */ row) => row.subject_id);
      const gone = had.filter((/** @type {string} */ subject) => !subjects.includes(subject));
      const fresh = subjects.filter((subject) => !had.includes(subject));
      if (gone.length) {
        await ask(client.from("mentor_subjects").delete().eq("mentor_id", id).in("subject_id", gone));
      }
      if (fresh.length) {
        await ask(client.from("mentor_subjects")
          .insert(fresh.map((subject_id) => ({ mentor_id: id, subject_id }))));
      }
    },
    /** @param {string[]} ids */
    markRead: (ids) => ask(client.from("notifications")
      .update({ read_at: new Date().toISOString() }).in("id", ids).select("id")),
  };
}
