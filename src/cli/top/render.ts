import { backendNote } from "../backend-note.ts";
import { type Column, counted, grouped, rate, share, size, span, table } from "../format.ts";
import { backendRows, handshakeRate, type Model, tunnelRows } from "./model.ts";

/** How a line is shown: marks of the terminal around its text. */
export type Mark = "title" | "selected" | "bad" | "quiet" | "plain";

/** A line of the screen. */
export interface Line {
  readonly text: string;
  readonly mark: Mark;
}

/** Lines and columns of the terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const HELP = [
  "q           quit",
  "up down     select; also k and j, page up and down",
  "s < >       sort by another column",
  "r           the other way round",
  "/           filter: type, then enter; escape clears it",
  "t           backends or tunnels",
  "d           drain the selected backend, after a question",
  "u           give it new tunnels again",
  "+ -         its weight",
  "p           pause",
  "?           this; any key goes back",
];

const KEYS = "q quit  s sort  r reverse  / filter  t backends/tunnels  d drain  u undrain  +- weight  p pause  ? help";

/** Makes the whole screen of what is known: exactly `rows` lines, none longer than `columns`. */
export function render(model: Model, { columns, rows }: Size): Line[] {
  const head = header(model);
  const foot = footer(model);
  const room = Math.max(0, rows - head.length - foot.length);
  const body = model.help ? HELP.map(plain) : tableLines(model, room);
  const filled = [...body, ...Array.from({ length: room }, () => plain(""))].slice(0, room);
  return [...head, ...filled, ...foot].slice(0, rows).map(({ text, mark }) => ({ text: fit(text, columns), mark }));
}

function header(model: Model): Line[] {
  const { current, address } = model;
  if (current === undefined) return [title(`fairlead at ${address}`), plain(""), plain("")];
  const { status, sample } = current;
  const up = span(current.wall - Date.parse(status.started));
  const most = status.maxTunnels === null ? "" : ` of ${grouped(status.maxTunnels)}`;
  const opened = handshakeRate(model);
  const flow =
    sample === undefined
      ? []
      : [
          `${rate(sample.messages.fromClient + sample.messages.fromBackend)} messages/s`,
          `${size(sample.bytes.fromClient + sample.bytes.fromBackend)}/s`,
          sample.rehomed === 0 ? "" : `${rate(sample.rehomed)} re-homed/s`,
        ];
  const rates = [opened === undefined ? "" : `${rate(opened)} handshakes/s`, ...flow].filter((text) => text !== "");
  return [
    title(`fairlead ${status.version} at ${address}  ${status.state}  up ${up}${model.paused ? "  PAUSED" : ""}`),
    plain(
      [`${counted(status.tunnels, "tunnel")}${most}`, ...rates, counted(status.workers.length, "worker")].join("  "),
    ),
    plain(""),
  ];
}

function footer(model: Model): Line[] {
  if (model.confirmation !== undefined) return [bad(`${model.confirmation.question} y/n`)];
  if (model.typing) return [plain(`/${model.filter}_`)];
  if (model.lost !== "") return [bad(model.lost)];
  if (model.message !== "") return [plain(model.message)];
  return [quiet(model.filter === "" ? KEYS : `filter: ${model.filter}  (escape clears it)  ${KEYS}`)];
}

function tableLines(model: Model, room: number): Line[] {
  if (model.current === undefined) return [plain("waiting for its answer")];
  const { columns, rows, marks } = model.view === "backends" ? backendTable(model) : tunnelTable(model);
  const [head = "", ...lines] = table(columns, rows);
  const shown = Math.max(1, room - 1);
  // The selection is kept in sight.
  const first = Math.max(0, Math.min(model.selected - Math.floor(shown / 2), lines.length - shown));
  const body = lines.slice(first, first + shown).map((text, index): Line => {
    const row = first + index;
    return { text, mark: row === model.selected ? "selected" : (marks[row] ?? "plain") };
  });
  const empty = lines.length === 0 ? [quiet(model.filter === "" ? "there are none" : "none fits the filter")] : [];
  return [title(head), ...body, ...empty];
}

interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  readonly marks: readonly Mark[];
}

function backendTable(model: Model): Table {
  const rows = backendRows(model);
  const columns: Column[] = [
    ...["pool", "backend", "state", "health"].map((name) => ({ title: name })),
    ...["weight", "tunnels", "share", "opened/s", "failures", "messages/s"].map((name) => ({
      title: name,
      right: true,
    })),
    // Where the terminal is too narrow, what stands last is cut off.
    { title: "" },
  ];
  return {
    columns: sorted(columns, model.backendOrder, model.reversed),
    rows: rows.map(({ pool, backend, share: part, openedRate }) => [
      pool,
      backend.name,
      backend.state,
      backend.health,
      String(backend.weight),
      grouped(backend.open),
      part === undefined ? "-" : share(part, 1),
      openedRate === undefined ? "-" : rate(openedRate),
      grouped(backend.failures),
      backend.flow === null ? "-" : rate(backend.flow.messages.fromClient + backend.flow.messages.fromBackend),
      backendNote(backend, model.current?.wall ?? 0),
    ]),
    marks: rows.map(({ backend }) =>
      backend.health === "unhealthy" || backend.health === "ejected"
        ? "bad"
        : backend.state === "active"
          ? "plain"
          : "quiet",
    ),
  };
}

function tunnelTable(model: Model): Table {
  const rows = tunnelRows(model);
  const columns: Column[] = [
    ...["id", "backend", "client", "path"].map((name) => ({ title: name })),
    ...["age", "idle", "messages", "bytes", "rtt", "re-homed"].map((name) => ({ title: name, right: true })),
  ];
  return {
    columns: sorted(columns, model.tunnelOrder, model.reversed),
    rows: rows.map((tunnel) => [
      tunnel.id,
      tunnel.backend,
      tunnel.client,
      tunnel.path,
      span(tunnel.ageMs),
      span(tunnel.idleMs),
      grouped(tunnel.fromClient.messages + tunnel.fromBackend.messages),
      size(tunnel.fromClient.bytes + tunnel.fromBackend.bytes),
      tunnel.clientRttMs === null ? "-" : `${Math.round(tunnel.clientRttMs)}ms`,
      grouped(tunnel.rehomed),
    ]),
    marks: rows.map(({ state }) => (state === "ending" ? "quiet" : "plain")),
  };
}

/** The column that rows are sorted by is marked, with its direction. */
function sorted(columns: readonly Column[], order: string, reversed: boolean): Column[] {
  return columns.map((column) =>
    column.title === order ? { ...column, title: `${column.title}${reversed ? "^" : "v"}` } : column,
  );
}

/** Names come from elsewhere: what a terminal would take for a command is not passed on to it. */
function fit(text: string, columns: number): string {
  // eslint-disable-next-line no-control-regex -- exactly those are meant
  const safe = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");
  return safe.length > columns ? safe.slice(0, columns) : safe;
}

const plain = (text: string): Line => ({ text, mark: "plain" });
const title = (text: string): Line => ({ text, mark: "title" });
const bad = (text: string): Line => ({ text, mark: "bad" });
const quiet = (text: string): Line => ({ text, mark: "quiet" });
