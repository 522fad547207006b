import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

/** One file of the dashboard, as it is answered. */
export interface Asset {
  readonly body: Buffer;
  /** Quoted, as `If-None-Match` has it. */
  readonly etag: string;
  /** All that is said of it: type, length, tag, caching, and what the page may do. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Gives the file at a path without a query; undefined where there is none. */
export type Assets = (path: string) => Asset | undefined;

/** Whether a path is one of the dashboard's. Its files hold no secrets, so that browsers get them without a token. */
export function isPage(path: string): boolean {
  return path === "/" || path.startsWith("/dashboard/");
}

/** What the dashboard may do: its own scripts, styles and requests, and nothing from or to anywhere else. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'none'",
].join("; ");

/** Modules of `src/dashboard/`. A test holds them against the folder. */
export const MODULES = [
  "actions",
  "api",
  "dialog",
  "events",
  "feed",
  "format",
  "header",
  "main",
  "moves",
  "notes",
  "parts",
  "plot",
  "plots",
  "pools",
  "series",
  "sign-in",
  "store",
  "stream",
  "summary",
  "theme",
  "tunnels",
  "view",
] as const;

/** Libraries of the page: the name they go by in imports, and the file that is served for it. */
const LIBRARIES: Readonly<Record<string, string>> = {
  preact: "preact.js",
  "preact/hooks": "preact-hooks.js",
  "@preact/signals": "signals.js",
  "@preact/signals-core": "signals-core.js",
  htm: "htm.js",
  uplot: "uplot.js",
};

const TYPES = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
} as const;

type Read = () => string;

/** In a checkout the modules are TypeScript, in the package they have been compiled. */
const COMPILED = !import.meta.url.endsWith(".ts");
const PAGE = join(import.meta.dirname, "../dashboard");

/**
 * The files of the dashboard: `/`, and what it loads from below `/dashboard/`. The table is fixed, so nothing of a
 * request's path reaches the file system. Each file is read when it is first asked for, and kept.
 */
export function createAssets(): Assets {
  const sources = new Map<string, readonly [keyof typeof TYPES, Read]>([
    ["/", ["html", () => text(join(PAGE, "index.html"))]],
    ["/dashboard/style.css", ["css", () => text(join(PAGE, "style.css"))]],
    ["/dashboard/uplot.css", ["css", () => text(libraryFile("uplot/dist/uPlot.min.css"))]],
    ["/dashboard/icon.svg", ["svg", () => text(join(PAGE, "icon.svg"))]],
    ...MODULES.map((name) => [`/dashboard/${name}.js`, ["js", () => ownModule(name)]] as const),
    ...Object.entries(LIBRARIES).map(
      ([name, file]) => [`/dashboard/lib/${file}`, ["js", () => library(name)]] as const,
    ),
  ]);
  const known = new Map<string, Asset>();
  return (path) => {
    const source = sources.get(path);
    if (source === undefined) return undefined;
    const asset = known.get(path) ?? assetOf(TYPES[source[0]], source[1]());
    known.set(path, asset);
    return asset;
  };
}

function assetOf(type: string, content: string): Asset {
  const body = Buffer.from(content);
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const headers = {
    "Content-Type": type,
    "Content-Length": String(body.length),
    ETag: etag,
    // Kept, but asked for again each time: after an upgrade the page is that of the new version.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
  };
  return { body, etag, headers };
}

const text = (path: string): string => readFileSync(path, "utf8");

function ownModule(name: string): string {
  if (COMPILED) return withPaths(text(join(PAGE, `${name}.js`)), "./lib/");
  const stripped = stripTypeScriptTypes(text(join(PAGE, `${name}.ts`)));
  return withPaths(stripped.replace(/(\bfrom\s*"\.\/[\w-]+)\.ts"/g, '$1.js"'), "./lib/");
}

function library(name: string): string {
  const served = withPaths(text(moduleFile(name)).replace(/\/\/# sourceMappingURL=\S*/g, ""), "./");
  // uPlot's small build is a script that declares one name.
  return name === "uplot" ? `${served}\nexport default uPlot;\n` : served;
}

/** Browsers know no names of packages: imports of libraries get the paths that they are served at. */
function withPaths(code: string, folder: string): string {
  return code.replace(/(\bfrom\s*)"([\w@/-]+)"/g, (whole, from: string, name: string) => {
    const file = LIBRARIES[name];
    return file === undefined ? whole : `${from}"${folder}${file}"`;
  });
}

const require = createRequire(import.meta.url);

const libraryFile = (name: string): string => require.resolve(name);

/** Where a library's module for browsers lies: beside the file that `require` would take. */
function moduleFile(name: string): string {
  if (name === "uplot") return libraryFile("uplot/dist/uPlot.iife.min.js");
  // Ours only through @preact/signals, beside or below which it is installed.
  const resolve = name === "@preact/signals-core" ? createRequire(libraryFile("@preact/signals")).resolve : libraryFile;
  const found = resolve(name);
  return found.endsWith(".mjs")
    ? found
    : join(dirname(found), found.slice(dirname(found).length + 1).replace(/\.js$/, ".mjs"));
}
