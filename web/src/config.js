// Where the backend is: the host of these files serves /config.json beside them.

/** @typedef {import("./types").Config} Config */

/**
 * Reads `/config.json`; throws with a sentence for the user when it is missing or incomplete.
 * @returns {Promise<Config>}
 */
export async function loadConfig() {
  const response = await fetch(new URL("config.json", document.baseURI), { cache: "no-store" });
  if (!response.ok) throw new Error("This site has no config.json, so it does not know its backend.");
  const config = await response.json();
  for (const name of ["supabaseUrl", "publishableKey", "signalingUrl"]) {
    if (typeof config[name] !== "string" || !config[name]) {
      throw new Error(`config.json has no ${name}.`);
    }
  }
  if (config.publishableKey.startsWith("sb_secret_")) {
    throw new Error("config.json holds a secret key. Replace it with the publishable key at once.");
  }
  return config;
}
