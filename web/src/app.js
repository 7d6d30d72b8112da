// The dashboard: reads the rows, watches for changes, renders the state. Views and actions know nothing of this file.

import { render } from "lit-html";
import { createActions } from "./actions.js";
import { createBackend } from "./backend.js";
import { changes } from "./changes.js";
import { loadConfig } from "./config.js";
import { emptyDraft, keptDraft } from "./drafts.js";
import { problem } from "./errors.js";
import { watch } from "./live.js";
import { readRoute, settleFocus } from "./route.js";
import { createStore } from "./store.js";
import { page } from "./views/page.js";

/** @typedef {import("./types").State} State */

/** @type {State} */
const start = {
  phase: "starting", route: readRoute(), now: Date.now(), user: null, profile: null, people: {},
  mentors: null, subjects: null, requests: null, sessions: null, notices: null,
  ratings: null, proposals: null, slots: null, nextFree: [], hours: null, picked: new Set(),
  live: "connecting", failure: "", busy: new Set(), toasts: [], announcement: "", dialog: null,
  draft: keptDraft(), draftErrors: {}, draftBusy: false, calendarAt: "",
  sign: { mode: "in", error: "", busy: false, again: false }, profileBusy: false, copied: "",
};
const empty = {
  profile: null, mentors: null, subjects: null, requests: null, sessions: null, notices: null, ratings: null, proposals: null,
  slots: null, hours: null, picked: new Set(),
};

/** Pages that show who mentors what. */
const CHOOSING = new Set(["mentors", "request", "profile"]);

async function main() {
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  const store = createStore(start);
  const backend = createBackend(await loadConfig());
  const actions = createActions({ store, backend, reload: look });

  let drawing = false;
  let first = true;
  store.subscribe(() => {
    if (drawing) return;
    drawing = true;
    queueMicrotask(() => {
      drawing = false;
      if (first) root.replaceChildren();
      first = false;
      const focused = document.activeElement;
      render(page({ state: store.state, actions }), root);
      // What had the focus has left the page (an answered request): go on from the heading, not from nowhere.
      if (focused && focused !== document.body && !focused.isConnected && document.activeElement === document.body) {
        /** @type {HTMLElement | null} */ (root.querySelector("main h1"))?.focus({ preventScroll: true });
      }
    });
  });

  /** @type {ReturnType<typeof watch> | null} */
  let watching = null;

  /** One look at a time; a look asked for meanwhile follows. @type {Promise<void> | null} */
  let looking = null;
  let again = false;
  async function look() {
    again = true;
    looking ??= (async () => {
      while (again) {
        again = false;
        await lookOnce();
      }
      looking = null;
    })();
    await looking;
  }

  async function lookOnce() {
    const me = store.state.user?.id;
    if (!me) return;
    try {
      // Who mentors what changes seldom, and may be long: it is read when it is looked at.
      const known = store.state;
      const choosing = !known.mentors || !known.subjects || CHOOSING.has(known.route.name);
      const [mentors, subjects, requests, sessions, notices, ratings, proposals] = await Promise.all([
        choosing ? backend.mentors() : known.mentors, choosing ? backend.subjects() : known.subjects, backend.requests(), backend.sessions(), backend.notices(),
        backend.ratings(), backend.proposals(),
      ]);
      const ids = new Set([me]);
      for (const row of [...requests, ...sessions]) ids.add(row.mentor_id).add(row.student_id);
      const people = Object.fromEntries((await backend.people([...ids])).map((/** @type {any} */ person) => [person.id, person]));
      if (store.state.user?.id !== me) return;
      const before = store.state;
      // A row whose action is under way keeps what is shown until its answer is in.
      const shown = new Map(before.requests?.map((request) => [request.id, request]));
      /** @type {import("./types").SessionRequest[]} */
      const settled = requests.map((/** @type {any} */ row) => (before.busy.has(row.id) ? shown.get(row.id) ?? row : row));
      const open = new Set(settled.filter(({ status }) => status === "pending").map(({ id }) => id));
      const picked = new Set([...before.picked].filter((id) => open.has(id)));
      const read = { mentors, subjects, requests: settled, picked, sessions, notices, ratings, proposals, people, profile: people[me] ?? null, now: Date.now(), failure: "" };
      const news = changes(before, { ...before, ...read });
      store.update({ ...read, phase: "ready" });
      if (before.failure) watching?.hurry();
      if (store.state.route.name === "request") void actions.findSlots(true);
      if (store.state.route.name === "hours") void actions.readHours();
      for (const toast of news) {
        actions.toast(toast);
        notify(toast);
      }
    } catch (error) {
      const { code, message } = problem(error);
      if (code === "signed_out") actions.askToSignIn();
      store.update({ failure: message });
    }
  }

  /** @param {import("./types").Toast} toast */
  function notify(toast) {
    if (!("Notification" in window) || Notification.permission !== "granted" || !document.hidden) return;
    const shown = new Notification(toast.title, { body: toast.request?.title ?? toast.text, tag: toast.id });
    shown.onclick = () => window.focus();
  }

  backend.client.auth.onAuthStateChange((event, session) => {
    // supabase-js holds a lock while it calls this: what asks it anything must wait.
    setTimeout(() => {
      const { user } = store.state;
      if (session && session.user.id !== user?.id) {
        watching?.stop();
        if (user) store.update({ ...empty, draft: emptyDraft() });
        store.update({
          user: { id: session.user.id, email: session.user.email ?? "" },
          phase: "ready", toasts: [], sign: { ...store.state.sign, again: false, busy: false, error: "" },
        });
        watching = watch(backend.client, session.user.id, {
          look,
          status(live) {
            // Is it only the line for changes, or everything? A look tells, and the page says so.
            if (live === "offline" && store.state.live === "live") void look();
            store.update({ live });
          },
        });
        void look();
      } else if (session && event === "SIGNED_IN" && store.state.sign.again) {
        store.update({ sign: { ...store.state.sign, again: false, busy: false, error: "" } });
        void look();
      } else if (!session && event === "SIGNED_OUT" && user && leaving) {
        watching?.stop();
        store.update({ ...empty, user: null, phase: "signed-out", toasts: [], dialog: null, draft: emptyDraft() });
      } else if (!session && user) {
        // Not by our own doing: keep everything that is on the page, and ask for the password.
        actions.askToSignIn();
      } else if (!session) {
        store.update({ phase: "signed-out" });
      }
    });
  });
  let leaving = false;
  const signOut = actions.signOut;
  actions.signOut = async () => {
    leaving = true;
    await signOut().finally(() => setTimeout(() => { leaving = false; }, 100));
  };

  addEventListener("hashchange", () => {
    store.update({ route: readRoute(), announcement: "" });
    if (CHOOSING.has(store.state.route.name)) void look();
    if (store.state.route.name === "hours") void actions.readHours();
    queueMicrotask(() => settleFocus(root));
  });
  addEventListener("online", () => void look());
  document.addEventListener("visibilitychange", () => document.hidden || void look());
  setInterval(() => store.update({ now: Date.now() }), 20_000);
  setInterval(() => store.state.failure && void look(), 2_000);
  store.update({});
}

main().catch((error) => {
  const root = document.getElementById("app");
  const text = document.createElement("p");
  text.className = "fatal";
  text.setAttribute("role", "alert");
  text.textContent = error instanceof Error ? error.message : String(error);
  root?.replaceChildren(text);
});
