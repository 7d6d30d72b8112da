// Builds web/dist (or --out DIR): bundles, pages with their content security policy, third-party notices; prints the sizes
// and fails when the dashboard outgrows its budget.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const WEB = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(WEB);
/** @param {string} name */
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const DIST = resolve(option("--out") ?? join(WEB, "dist"));
const BUDGET = 110 * 1024;
const FONT = join(ROOT, "node_modules/@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2");

// Where the pages may connect to. A deployment narrows it to its own hosts with --connect "https://… wss://…".
const CONNECT = option("--connect")
  ?? "https: wss: http://127.0.0.1:* ws://127.0.0.1:* http://localhost:* ws://localhost:*";
const CSP = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'", "img-src 'self' data:",
  "media-src 'self' blob: mediastream:", `connect-src 'self' ${CONNECT}`, "base-uri 'none'", "form-action 'none'",
  "require-trusted-types-for 'script'", "trusted-types lit-html",
].join("; ");

const stage = `${DIST}.new`;
await rm(stage, { recursive: true, force: true });
await mkdir(stage, { recursive: true });

const { metafile } = await build({
  entryPoints: { app: join(WEB, "src/app.js"), room: join(WEB, "src/room-page.js") },
  absWorkingDir: ROOT,
  outdir: stage,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2023",
  minify: true,
  sourcemap: "linked",
  entryNames: "[name]-[hash]",
  chunkNames: "shared-[hash]",
  metafile: true,
  legalComments: "none",
  alias: {
    // supabase-js always brings its file storage client; these pages store no files.
    "@supabase/storage-js": join(WEB, "src/no-storage.js"),
  },
  logLevel: "warning",
});

/** @param {string} name @param {Buffer | string} content */
async function hashed(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8);
  const file = name.replace(/\.(\w+)$/, `-${hash}.$1`);
  await writeFile(join(stage, file), content);
  return file;
}

const font = await hashed("figtree.woff2", await readFile(FONT));
const css = await build({ stdin: { contents: await readFile(join(WEB, "style.css"), "utf8"), loader: "css" }, minify: true, write: false, target: "es2023" });
const style = await hashed("style.css", css.outputFiles[0].text.replace("figtree.woff2", font));
await cp(join(WEB, "icon.svg"), join(stage, "icon.svg"));
// The room as one module, to import or to copy: readable, with its documentation at the top.
const roomSource = await readFile(join(WEB, "src/room.js"), "utf8");
await build({
  entryPoints: [join(WEB, "src/room.js")], outfile: join(stage, "mentorkit-room.js"), bundle: true, format: "esm", target: "es2023",
  banner: { js: roomSource.slice(0, roomSource.indexOf("*/") + 2) }, logLevel: "warning",
});

/** @type {Record<string, string[]>} what each page loads before it can be used */
const loads = {};
for (const [page, entry] of [["index", "app"], ["room", "room"]]) {
  const [script, output] = Object.entries(metafile.outputs).find(([file]) => file.includes(`/${entry}-`) && file.endsWith(".js"));
  const name = (file) => relative(stage, join(ROOT, file));
  const html = (await readFile(join(WEB, `${page}.html`), "utf8"))
    .replace("%CSP%", CSP).replace("%FONT%", font).replace("%STYLE%", style)
    .replace(`<script type="module" src="%SCRIPT%"></script>`, [
      ...output.imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => `<link rel="modulepreload" href="${name(path)}">`),
      `<script type="module" src="${name(script)}"></script>`,
    ].join("\n"));
  await writeFile(join(stage, `${page}.html`), html);
  loads[page] = [`${page}.html`, style, font, name(script), ...output.imports.map(({ path }) => name(path))];
}

// Third-party notices: every package of which something is in the bundles.
const packages = new Set(["@fontsource-variable/figtree"]);
for (const output of Object.values(metafile.outputs)) {
  for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found && bytesInOutput > 0) packages.add(found[1]);
  }
}
const notices = ["These pages contain the following packages.\n"];
for (const name of [...packages].sort()) {
  const home = join(ROOT, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  const file = (await readdir(home)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  // A package without a file of its own: its package.json is what it says about its licence.
  const text = file ? await readFile(join(home, file), "utf8") : `Licence by its package.json: ${license}. The package brings no licence file.`;
  notices.push(`${"=".repeat(72)}\n${name} ${version} (${license})\n${"=".repeat(72)}\n\n${text.trim()}\n`);
}
await writeFile(join(stage, "third-party-notices.txt"), notices.join("\n"));

// No half-built pages are ever served.
await rm(DIST, { recursive: true, force: true });
await rename(stage, DIST);

let over = false;
for (const [page, files] of Object.entries(loads)) {
  let total = 0;
  for (const file of files) {
    const content = await readFile(join(DIST, file));
    const size = file.endsWith(".woff2") ? content.length : gzipSync(content, { level: 9 }).length;
    total += size;
    console.log(`  ${file.padEnd(28)} ${(size / 1024).toFixed(1).padStart(6)} KB gzip`);
  }
  over ||= page === "index" && total > BUDGET;
  console.log(`${page === "index" ? "dashboard" : "room"}: ${(total / 1024).toFixed(1)} KB gzip in all${page === "index" ? ` (budget ${BUDGET / 1024} KB)` : ""}`);
}
if (over) {
  console.error("The dashboard is over its budget.");
  process.exit(1);
}
