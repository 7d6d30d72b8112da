// What a person can do. Each action shows its outcome at once where that is safe, asks the backend, and
// takes the outcome back with a message when the backend says no.

import { checkDraft, checkSign, isBlank } from "./checks.js";
import { emptyDraft, forgetDraft, keepDraft } from "./drafts.js";
import { problem } from "./errors.js";
import { instantOf, ownZone } from "./time.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Toast} Toast */
/** @typedef {import("./types").SessionRequest} SessionRequest */
/** @typedef {import("./types").Session} Session */
/** @typedef {ReturnType<typeof createActions>} Actions */

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
      opener = document.activeElement;
      update({ dialog: { kind, id } });
    },
    closeDialog,

    /** Sends the dialog's text; the dialog stays, with what was typed, until the answer is yes. @param {string} text */
    async submitDialog(text) {
      const { dialog, requests } = store.state;
      if (!dialog || dialog.busy) return;
      if (dialog.kind === "reject" && isBlank(text)) {
        update({ dialog: { ...dialog, error: "Write a reason. The student will read it." } });
        return;
      }
      update({ dialog: { ...dialog, busy: true, error: "" } });
      try {
        if (dialog.kind === "reject") {
          await backend.reject(dialog.id, text.trim());
          update({ requests: patched(requests, dialog.id, { status: "rejected", rejection_reason: text.trim() }) });
          dismiss(`new-${dialog.id}`);
          toast({ id: `done-${dialog.id}`, tone: "info", title: "Rejected", text: "The student has been told why." });
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

    /** @param {Partial<import("./types").Draft>} patch */
    edit(patch) {
      const draft = { ...store.state.draft, ...patch };
      const draftErrors = { ...store.state.draftErrors };
      for (const name of /** @type {(keyof typeof patch)[]} */ (Object.keys(patch))) delete draftErrors[name];
      keepDraft(draft);
      update({ draft, draftErrors, ...(patch.date && { calendarAt: patch.date }) });
    },
    /** @param {string} calendarAt */
    lookAt(calendarAt) {
      update({ calendarAt });
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
        const field = ["slot_taken", "time_in_past", "time_not_on_minute"].includes(code) ? "time" : "form";
        update({ draftErrors: { [field]: message } });
        return field;
      } finally {
        update({ draftBusy: false });
      }
    },

    /** @param {FormData} form */
    async sign(form) {
      const { sign } = store.state;
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
      if (!user) return;
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
