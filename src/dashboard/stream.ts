/** One event of an event stream. */
export interface StreamEvent {
  /** Empty where none was given. */
  readonly id: string;
  readonly data: string;
}

/**
 * Reads `text/event-stream` as it comes, in pieces of any size: lines end in CR, LF or both, comments are skipped, and
 * an event that is not ended by an empty line is not told.
 */
export function eventReader(tell: (event: StreamEvent) => void): (piece: string) => void {
  let rest = "";
  let id = "";
  let data: string[] = [];
  const line = (text: string): void => {
    if (text === "") {
      if (data.length > 0) tell({ id, data: data.join("\n") });
      data = [];
      return;
    }
    const colon = text.indexOf(":");
    const field = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "id") id = value;
  };
  return (piece) => {
    rest += piece;
    // A CR at the end may be half of a CRLF: it waits for what comes next.
    for (let end = /\r\n|\n|\r(?!$)/.exec(rest); end !== null; end = /\r\n|\n|\r(?!$)/.exec(rest)) {
      const text = rest.slice(0, end.index);
      rest = rest.slice(end.index + end[0].length);
      line(text);
    }
  };
}
