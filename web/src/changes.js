// What a person should be told, found by comparing the rows before with the rows now. So news that
// came while the connection was down is told just as news that came over it.

import { momentText } from "./time.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Toast} Toast */

/**
 * @param {State} before
 * @param {State} after
 * @returns {Toast[]}
 */
export function changes(before, after) {
  const me = after.user?.id;
  const zone = after.profile?.time_zone ?? "UTC";
  const name = (/** @type {string} */ id) => after.people[id]?.name ?? "Somebody";
  /** @type {Toast[]} */
  const toasts = [];
  if (before.requests && after.requests) {
    const known = new Map(before.requests.map((request) => [request.id, request.status]));
    for (const request of after.requests) {
      const old = known.get(request.id);
      if (request.mentor_id === me && request.status === "pending" && old === undefined) {
        toasts.push({ id: `new-${request.id}`, tone: "request", title: "New session request!", request });
      }
      if (request.student_id === me && old === "pending" && request.status !== "pending") {
        const when = momentText(request.requested_time, zone, after.now);
        const who = name(request.mentor_id);
        if (request.status === "approved") {
          toasts.push({ id: `approved-${request.id}`, tone: "good", title: `${who} approved your request`, text: `${request.title} · ${when}` });
        } else if (request.status === "rejected") {
          toasts.push({ id: `rejected-${request.id}`, tone: "bad", title: `${who} rejected “${request.title}”`, text: request.rejection_reason ?? "" });
        } else if (request.status === "expired") {
          toasts.push({ id: `expired-${request.id}`, tone: "info", title: `“${request.title}” was not answered in time`, text: `${who} · ${when}` });
        }
      }
      if (request.mentor_id === me && old === "pending" && request.status === "cancelled") {
        toasts.push({ id: `withdrawn-${request.id}`, tone: "info", title: `${name(request.student_id)} withdrew “${request.title}”` });
      }
    }
  }
  if (before.sessions && after.sessions) {
    const known = new Map(before.sessions.map((session) => [session.id, session]));
    for (const session of after.sessions) {
      const old = known.get(session.id);
      if (!old) continue;
      const other = name(session.mentor_id === me ? session.student_id : session.mentor_id);
      if (old.status !== "cancelled" && session.status === "cancelled" && session.cancelled_by !== me) {
        toasts.push({ id: `cancelled-${session.id}`, tone: "bad", title: `${other} cancelled “${session.title}”`, text: session.cancel_reason ?? "" });
      } else if (old.scheduled_time !== session.scheduled_time) {
        toasts.push({ id: `moved-${session.id}-${session.scheduled_time}`, tone: "info", title: `“${session.title}” has moved`, text: momentText(session.scheduled_time, zone, after.now) });
      }
    }
  }
  if (before.proposals && after.proposals) {
    const known = new Set(before.proposals.map(({ id }) => id));
    for (const proposal of after.proposals) {
      const session = after.sessions?.find(({ id }) => id === proposal.session_id);
      if (known.has(proposal.id) || proposal.proposed_by === me || !session) continue;
      toasts.push({ id: `move-${proposal.id}`, tone: "info", title: `${name(proposal.proposed_by)} proposes another time`, text: `${session.title} · ${momentText(proposal.scheduled_time, zone, after.now)}` });
    }
  }
  return toasts;
}
