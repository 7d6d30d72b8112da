// Signing in and out, the profile, and what the reader has seen.

import { checkSign, isBlank } from "../checks.js";
import { forgetDraft } from "../drafts.js";
import { problem } from "../errors.js";
import { ownZone } from "../time.js";

/** @param {import("../actions.js").Means} means */
export function createAccount({ store, backend, reload, telling }) {
  const { update } = store;
  const { toast, failed } = telling;
  return {
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
  };
}
