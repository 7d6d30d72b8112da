// What a person can do. Each action shows its outcome at once where that is safe, asks the backend, and
// takes the outcome back with a message when the backend says no.

import { checkDraft, checkSign, isBlank } from "./checks.js";
import { emptyDraft, forgetDraft, keepDraft } from "./drafts.js";
import { problem } from "./errors.js";
import { hoursRows, readHours, wrongHours } from "./hours.js";
import { addDays, instantOf, ownZone, wallClock } from "./time.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Toast} Toast */
/** @typedef {import("./types").SessionRequest} SessionRequest */
/** @typedef {import("./types").Session} Session */
/** @typedef {ReturnType<typeof createActions>} Actions */

const READING = 12_000;
/** More free times than this in a month are no help in a calendar: nearly every time is free. */
const MANY = 700;
/** Refusals that another time would cure. */
const TIMES = new Set(["slot_taken", "time_in_past", "time_not_on_minute", "outside_hours", "too_soon", "too_far_ahead", "cap_reached"]);

/**
 * @param {ReturnType<typeof import("./store.js").createStore<State>>} store
 * @param {import("./backend.js").Backend} backend
 * @param {() => Promise<void>} reload  reads all rows again
 */
export function createActions(store, backend, reload) {
  const { update } = store;

  /** @param {Toast} toast */
  function toast(toast) {
    update({ toasts: [...store.state.toasts.filter(({ id }) => id !== toast.id), toast], announcement: `${toast.title} ${toast.text ?? ""}` });
    if (toast.tone === "good" || toast.tone === "info") setTimeout(() => fade(toast), READING);
  }

  /** Good news goes by itself, not while somebody looks at it. What must be answered or failed stays. @param {Toast} toast */
  function fade(toast) {
    if (!store.state.toasts.includes(toast)) return;
    const shown = [...document.querySelectorAll("[data-toast]")].find((element) => element.getAttribute("data-toast") === toast.id);
    if (shown?.matches(":hover, :focus-within") || document.hidden) setTimeout(() => fade(toast), READING);
    else dismiss(toast.id);
  }

  /** @param {unknown} error @param {string} title */
  function failed(error, title) {
    const { code, message } = problem(error);
    if (code === "signed_out") askToSignIn();
    toast({ id: `failed-${title}`, tone: "bad", title, text: message });
  }

  function askToSignIn() {
    update({ sign: { mode: "in", error: "", busy: false, again: true } });
  }

  /** @param {string} id @param {boolean} on */
  function busy(id, on) {
    const ids = new Set(store.state.busy);
    if (on) ids.add(id);
    else ids.delete(id);
    update({ busy: ids });
  }

  /** @template {{id: string}} T @param {T[] | null} rows @param {string} id @param {Partial<T>} patch */
  const patched = (rows, id, patch) => rows?.map((row) => (row.id === id ? { ...row, ...patch } : row)) ?? null;

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

  /** @param {string} id */
  function dismiss(id) {
    update({ toasts: store.state.toasts.filter((toast) => toast.id !== id) });
  }

  /** @param {{request_id: string, ok: boolean, message?: string}[]} results @param {string} done */
  function tellMany(results, done) {
    const good = results.filter(({ ok }) => ok);
    for (const { request_id } of good) dismiss(`new-${request_id}`);
    update({ picked: new Set() });
    toast({
      id: "many", tone: good.length === results.length ? "good" : "bad", title: `${good.length} of ${results.length} ${done}`,
      text: results.filter(({ ok }) => !ok).map(({ request_id, message }) =>
        `${store.state.requests?.find(({ id }) => id === request_id)?.title ?? "A request"}: ${message}`).join("\n"),
    });
  }

  /** @param {import("./types").Draft} draft @param {Date} moment */
  async function nextFree(draft, moment) {
    void actions.findSlots(true);
    const from = new Date(Math.max(Date.now(), moment.getTime()));
    const rows = await backend.slots(draft.mentor_id, from, new Date(from.getTime() + 14 * 86_400_000), draft.duration, 3).catch(() => []);
    const starts = rows.map((/** @type {{starts_at: string}} */ row) => row.starts_at);
    update({ nextFree: starts });
  }

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

  const actions = {
    toast, dismiss, failed, askToSignIn,

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

    /** @param {import("./types").Dialog["kind"]} kind @param {string} id */
    openDialog(kind, id) {
      if (store.state.busy.has(id)) return;
      opener = document.activeElement;
      update({ dialog: { kind, id } });
    },
    closeDialog,

    /** Sends what the dialog holds; it stays, with what was typed, until the answer is yes. @param {FormData} form */
    async submitDialog(form) {
      const { dialog, requests, profile } = store.state;
      if (!dialog || dialog.busy) return;
      const text = String(form.get("text") ?? "");
      const refuse = (/** @type {string} */ error) => update({ dialog: { ...dialog, error } });
      if (dialog.kind.startsWith("reject") && isBlank(text)) return refuse("Write a reason. The student will read it.");
      if (dialog.kind === "rate" && !form.get("rating")) return refuse("Choose one to five stars.");
      const date = String(form.get("date") ?? "");
      const time = String(form.get("time") ?? "");
      if (dialog.kind === "move" && !(date && time)) return refuse("Choose a date and a time.");
      update({ dialog: { ...dialog, busy: true, error: "" } });
      try {
        if (dialog.kind === "reject") {
          await backend.reject(dialog.id, text.trim());
          update({ requests: patched(requests, dialog.id, { status: "rejected", rejection_reason: text.trim() }) });
          dismiss(`new-${dialog.id}`);
          toast({ id: `done-${dialog.id}`, tone: "info", title: "Rejected", text: "The student has been told why." });
        } else if (dialog.kind === "reject-many") {
          tellMany(await backend.rejectMany([...store.state.picked], text.trim()), "rejected");
        } else if (dialog.kind === "rate") {
          const given = await backend.rate(dialog.id, Number(form.get("rating")), text.trim());
          update({ ratings: [given, ...(store.state.ratings ?? [])] });
          toast({ id: `done-${dialog.id}`, tone: "good", title: "Thank you for rating" });
        } else if (dialog.kind === "notes") {
          const session = store.state.sessions?.find(({ id }) => id === dialog.id);
          const which = session?.student_id === store.state.user?.id ? "pre_session_notes" : "post_session_notes";
          const noted = await backend.note(dialog.id, which, text.trim());
          update({ sessions: patched(store.state.sessions, dialog.id, noted) });
        } else if (dialog.kind === "move") {
          await backend.move(dialog.id, instantOf(date, time, profile?.time_zone ?? ownZone()), text.trim());
          toast({ id: `done-${dialog.id}`, tone: "info", title: "New time proposed", text: "The session stays as it is until the other side accepts." });
        } else if (dialog.kind === "decline") {
          await backend.declineMove(dialog.id, text.trim());
          toast({ id: `done-${dialog.id}`, tone: "info", title: "Declined", text: "The session stays as it was." });
        } else if (dialog.kind === "cancel") {
          const session = await backend.cancel(dialog.id, text.trim());
          update({ sessions: patched(store.state.sessions, dialog.id, session) });
          toast({ id: `done-${dialog.id}`, tone: "info", title: "Session cancelled", text: "The other side has been told." });
        }
        closeDialog();
        void reload();
      } catch (error) {
        const { code, message } = problem(error);
        if (code === "signed_out") askToSignIn();
        update({ dialog: { ...dialog, busy: false, error: message } });
      }
    },

    /** Accepts a proposed time, or takes one's own proposal back. @param {import("./types").Proposal} proposal @param {"accept" | "withdraw"} answer */
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

    /** Free times of the chosen mentor in the month the calendar shows. @param {boolean} [again] also when they are known */
    async findSlots(again = false) {
      const { draft, calendarAt, profile, now } = store.state;
      const zone = profile?.time_zone ?? ownZone();
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
    },
    /** @param {string} start */
    chooseSlot(start) {
      const { date, time } = wallClock(start, store.state.profile?.time_zone ?? ownZone());
      update({ nextFree: [] });
      actions.edit({ date, time });
    },

    async readHours() {
      if (store.state.hours?.changed || store.state.hours?.busy) return;
      try {
        const { week, dates, terms } = await backend.hours();
        if (!store.state.hours?.changed) update({ hours: readHours(week, dates, terms, store.state.profile?.time_zone ?? ownZone()) });
      } catch (error) {
        failed(error, "Could not read your hours");
      }
    },
    /** @param {Partial<import("./types").Hours>} patch */
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
        toast({ id: "hours", tone: "good", title: "Hours saved" });
        void actions.readHours();
      } catch (error) {
        const { code, message } = problem(error);
        if (code === "signed_out") askToSignIn();
        update({ hours: { ...hours, busy: false, error: message } });
      }
    },

    /** @param {Partial<import("./types").Draft>} patch */
    edit(patch) {
      const draft = { ...store.state.draft, ...patch };
      const draftErrors = { ...store.state.draftErrors };
      for (const name of /** @type {(keyof typeof patch)[]} */ (Object.keys(patch))) delete draftErrors[name];
      keepDraft(draft);
      update({ draft, draftErrors, ...(patch.date && { calendarAt: patch.date }), ...(patch.time && { nextFree: [] }) });
      if (patch.mentor_id !== undefined || patch.duration || patch.date) void actions.findSlots();
    },
    /** @param {string} calendarAt */
    lookAt(calendarAt) {
      update({ calendarAt });
      void actions.findSlots();
    },

    /** Answers the name of the first field to look at, or "" when the request is on its way. */
    async request() {
      const { draft, profile } = store.state;
      if (store.state.draftBusy) return "";
      const zone = profile?.time_zone ?? ownZone();
      const draftErrors = checkDraft(draft, zone, Date.now());
      update({ draftErrors });
      const first = Object.keys(draftErrors)[0];
      if (first) return first;
      update({ draftBusy: true });
      try {
        const made = await backend.request(draft, instantOf(draft.date, draft.time, zone));
        forgetDraft();
        update({ draft: emptyDraft(), calendarAt: "", requests: [made, ...(store.state.requests ?? []).filter(({ id }) => id !== made.id)] });
        toast({ id: `sent-${made.id}`, tone: "good", title: "Request sent", text: `“${made.title}” is waiting for an answer.` });
        location.hash = "#/requests";
        void reload();
        return "";
      } catch (error) {
        const { code, message } = problem(error);
        if (code === "signed_out") askToSignIn();
        const field = TIMES.has(code) ? "time" : "form";
        update({ draftErrors: { [field]: message } });
        if (field === "time") void nextFree(draft, instantOf(draft.date, draft.time, zone));
        return field;
      } finally {
        update({ draftBusy: false });
      }
    },

    /** @param {FormData} form */
    async sign(form) {
      const { sign } = store.state;
      if (sign.busy) return undefined;
      const email = String(form.get("email") ?? store.state.user?.email ?? "").trim();
      const password = String(form.get("password") ?? "");
      const name = sign.mode === "up" ? String(form.get("name") ?? "") : null;
      const wrong = checkSign(email, password, name);
      if (wrong) return update({ sign: { ...sign, error: wrong } });
      update({ sign: { ...sign, error: "", busy: true } });
      try {
        if (name === null) await backend.signIn(email, password);
        else {
          const zone = String(form.get("zone") || ownZone());
          await backend.signUp({ email, password, name, mentor: form.get("role") === "mentor", zone });
        }
        update({ sign: { mode: "in", error: "", busy: false, again: false } });
      } catch (error) {
        update({ sign: { ...sign, busy: false, error: problem(error).message } });
      }
    },
    /** @param {"in" | "up"} mode */
    signMode(mode) {
      update({ sign: { ...store.state.sign, mode, error: "" } });
    },
    async signOut() {
      forgetDraft();
      await backend.signOut();
    },

    /** @param {FormData} form */
    async saveProfile(form) {
      const { user } = store.state;
      if (!user || store.state.profileBusy) return;
      const name = String(form.get("name") ?? "").trim();
      if (isBlank(name)) return failed(problem({ code: "name_required", message: "A name cannot be empty." }), "Could not save");
      update({ profileBusy: true });
      try {
        const is_mentor = form.get("mentor") === "on";
        const profile = await backend.saveProfile(user.id, {
          name, bio: String(form.get("bio") ?? "").trim() || null, time_zone: String(form.get("zone")), is_mentor,
        });
        if (form.has("subjects-shown")) await backend.saveSubjects(user.id, form.getAll("subject").map(String));
        update({ profile });
        toast({ id: "profile", tone: "good", title: "Profile saved" });
        void reload();
      } catch (error) {
        failed(error, "Could not save your profile");
      } finally {
        update({ profileBusy: false });
      }
    },

    /** @param {string} text */
    async copy(text) {
      try {
        await navigator.clipboard.writeText(text);
        update({ copied: text, announcement: `Room id ${text} copied.` });
        setTimeout(() => store.state.copied === text && update({ copied: "" }), 2500);
      } catch {
        toast({ id: "copy", tone: "info", title: "Copying is not allowed here", text: `The room id is ${text}` });
      }
    },

    async markRead() {
      const unread = store.state.notices?.filter((notice) => !notice.read_at).map(({ id }) => id) ?? [];
      if (!unread.length) return;
      const read_at = new Date().toISOString();
      const before = store.state.notices;
      update({ notices: before?.map((notice) => ({ ...notice, read_at: notice.read_at ?? read_at })) ?? null });
      try {
        await backend.markRead(unread);
      } catch (error) {
        update({ notices: before });
        failed(error, "Could not mark as read");
      }
    },

    async allowNotifications() {
      if ("Notification" in window) await Notification.requestPermission();
      update({});
    },

    retry: () => reload(),
  };
  return actions;
}
