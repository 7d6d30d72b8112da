// Pages by the hash: any static host serves them.

/** @returns {import("./types").Route} */
export function readRoute() {
  const [, name = "", arg = ""] = /^#\/([a-z]*)(?:\/([\w-]*))?/.exec(location.hash) ?? [];
  return { name: name || "home", arg };
}

/** After a change of page the reader starts at its heading. @param {HTMLElement} root */
export function settleFocus(root) {
  const heading = /** @type {HTMLElement | null} */ (root.querySelector("main h1"));
  heading?.focus({ preventScroll: true });
  scrollTo({ top: 0 });
  document.title = heading ? `${heading.textContent?.trim()} · mentorkit` : "mentorkit";
}
