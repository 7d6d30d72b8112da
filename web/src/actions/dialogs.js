// Questions in a dialog: it stays, with what was typed, until the answer is yes.

import { isBlank } from "../checks.js";
import { instantOf, ownZone } from "../time.js";
import { patched } from "./telling.js";

/** @typedef {import("../types").Dialog} Dialog */

/**
 * @param {import("../actions.js").Means} means
 * @param {(results: {request_id: string, ok: boolean, message?: string}[], done: string) => void} tellMany
 */
export function createDialogs({ store, backend, reload, telling }, tellMany) {
  const { update } = store;
  const { toast, dismiss, failed, busy } = telling;

  /** The focus returns to what opened the dialog, or to the page's heading when that is gone. */
  /** @type {Element | null} */
  let opener = null;
  function closeDialog() {
    update({ dialog: null });
    setTimeout(() => {
      const back = opener?.isConnected ? opener : document.querySelector("main h1");
      /** @type {HTMLElement | null} */ (back)?.focus();
    });
  }

  /** What each dialog sends. @type {Record<Dialog["kind"], (id: string, text: string, form: FormData) => Promise<void>>} */
  const send = {
    async reject(id, reason) {
      await backend.reject(id, reason);
      update({ requests: patched(store.state.requests, id, { status: "rejected", rejection_reason: reason }) });
      dismiss(`new-${id}`);
      toast({ id: `done-${id}`, tone: "info", title: "Rejected", text: "The student has been told why." });
    },
    async "reject-many"(_, reason) {
      tellMany(await backend.rejectMany([...store.state.picked], reason), "rejected");
    },
    async rate(id, comment, form) {
      const given = await backend.rate(id, Number(form.get("rating")), comment);
      update({ ratings: [given, ...(store.state.ratings ?? [])] });
      toast({ id: `done-${id}`, tone: "good", title: "Thank you for rating" });
    },
    async notes(id, text) {
      const session = store.state.sessions?.find((one) => one.id === id);
      const which = session?.student_id === store.state.user?.id ? "pre_session_notes" : "post_session_notes";
      const noted = await backend.note(id, which, text);
      update({ sessions: patched(store.state.sessions, id, noted) });
    },
    async move(id, message, form) {
      const { date, time } = moment(form);
      await backend.move(id, instantOf(date, time, store.state.profile?.time_zone ?? ownZone()), message);
      toast({ id: `done-${id}`, tone: "info", title: "New time proposed", text: "The session stays as it is until the other side accepts." });
    },
    async decline(id, reason) {
      await backend.declineMove(id, reason);
      toast({ id: `done-${id}`, tone: "info", title: "Declined", text: "The session stays as it was." });
    },
    async cancel(id, reason) {
      const session = await backend.cancel(id, reason);
      update({ sessions: patched(store.state.sessions, id, session) });
      toast({ id: `done-${id}`, tone: "info", title: "Session cancelled", text: "The other side has been told." });
    },
  };

  /** @param {Dialog} dialog @param {FormData} form */
  async function submit(dialog, form) {
    update({ dialog: { ...dialog, busy: true, error: "" } });
    try {
      await send[dialog.kind](dialog.id, textOf(form), form);
      closeDialog();
      void reload();
    } catch (error) {
      update({ dialog: { ...dialog, busy: false, error: telling.sentence(error) } });
    }
  }

  return {
    /** @param {Dialog["kind"]} kind @param {string} id */
    openDialog(kind, id) {
      if (store.state.busy.has(id)) return;
      opener = document.activeElement;
      update({ dialog: { kind, id } });
    },
    closeDialog,

    /** Answers the name of the field that must still be filled in, or "" when it is on its way. @param {FormData} form */
    submitDialog(form) {
      const { dialog } = store.state;
      if (!dialog || dialog.busy) return "";
      const missing = unanswered(dialog.kind, form);
      if (missing) {
        update({ dialog: { ...dialog, error: missing.error } });
        return missing.field;
      }
      void submit(dialog, form);
      return "";
    },

    /** Accepts a proposed time, or takes one's own proposal back. @param {import("../types").Proposal} proposal @param {"accept" | "withdraw"} answer */
    async answerMove(proposal, answer) {
      if (store.state.busy.has(proposal.id)) return;
      busy(proposal.id, true);
      try {
        if (answer === "accept") {
          const session = await backend.acceptMove(proposal.id);
          update({ sessions: patched(store.state.sessions, session.id, session) });
        } else await backend.withdrawMove(proposal.id);
        update({ proposals: (store.state.proposals ?? []).filter(({ id }) => id !== proposal.id) });
        toast({ id: `done-${proposal.id}`, tone: "good", title: answer === "accept" ? "The session has moved" : "Proposal withdrawn" });
      } catch (error) {
        failed(error, "Could not answer");
      } finally {
        busy(proposal.id, false);
        void reload();
      }
    },
  };
}

/** @param {FormData} form */
const moment = (form) => ({ date: String(form.get("date") ?? ""), time: String(form.get("time") ?? "") });

/** @param {FormData} form */
const textOf = (form) => String(form.get("text") ?? "").trim();

/** What is still to be filled in. @param {Dialog["kind"]} kind @param {FormData} form */
function unanswered(kind, form) {
  const { date, time } = moment(form);
  if (kind.startsWith("reject") && isBlank(textOf(form))) return { field: "text", error: "Write a reason. The student will read it." };
  if (kind === "rate" && !form.get("rating")) return { field: "rating", error: "Choose one to five stars." };
  if (kind === "move" && !(date && time)) return { field: date ? "time" : "date", error: "Choose a date and a time." };
  return null;
}
