const STYLE = `  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #1b2733; }
  h1 { font-size: 1.4rem; }
  form { display: flex; gap: .5rem; }
  input { flex: 1; font: inherit; padding: .4rem .6rem; }
  button { font: inherit; padding: .4rem .9rem; }
  #log { list-style: none; padding: 0; font-family: ui-monospace, monospace; font-size: .9rem; }
  .sent { color: #5a6b7b; } .note { color: #8a5a00; } .echo { color: #0a6b3d; }
  @media (prefers-color-scheme: dark) {
    body { background: #12181f; color: #dbe4ec; } .sent { color: #93a4b4; } .note { color: #e0a84a; } .echo { color: #5fd39a; }
  }
`;

/** Opens a socket to whatever served the page, asks for the name of its backend, sends, and shows what comes back. */
const SCRIPT = `  const byId = (id) => document.getElementById(id);
  const url = location.origin.replace(/^http/, "ws") + "/socket?introduce";
  let socket;
  function note(kind, text) {
    const line = document.createElement("li");
    line.className = kind;
    line.textContent = text;
    byId("log").prepend(line);
  }
  function open() {
    const opened = new WebSocket(url);
    let backend;
    socket = opened;
    opened.onopen = () => note("note", "open: " + url);
    opened.onmessage = (event) => {
      if (backend === undefined) {
        backend = event.data.replace("this is ", "");
        byId("backend").textContent = backend;
      } else {
        note("echo", backend + " answers: " + event.data);
      }
    };
    opened.onclose = (event) => {
      note("note", "closed: code " + event.code + (event.reason ? ", " + event.reason : ""));
      if (socket === opened) byId("backend").textContent = "no backend";
    };
  }
  byId("form").onsubmit = (event) => {
    event.preventDefault();
    if (socket.readyState !== WebSocket.OPEN) return note("note", "the socket is not open");
    note("sent", "you: " + byId("text").value);
    socket.send(byId("text").value);
  };
  byId("again").onclick = () => {
    socket.close(1000);
    open();
  };
  open();
`;

/**
 * The page that a demo backend serves, with everything in it.
 *
 * @param name the backend that serves it; plain letters, digits and dashes
 */
export function demoPage(name: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>fairlead demo</title>
<link rel="icon" href="data:,">
<style>
${STYLE}</style>
</head>
<body>
<h1>fairlead demo</h1>
<p>This page came from <b>${name}</b>. The socket is on <b id="backend">no backend yet</b>, and stays there as long as it is open.</p>
<form id="form">
  <input id="text" value="Hello from the browser!" aria-label="message" autocomplete="off">
  <button>Send</button>
  <button type="button" id="again">New socket</button>
</form>
<ul id="log" aria-live="polite"></ul>
<script>
${SCRIPT}</script>
</body>
</html>
`;
}
