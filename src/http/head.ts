/** Header lines as they stood on the wire: name, value, name, value ... Order, case and duplicates are kept. */
export type RawHeaders = readonly string[];

/** A request's head as a value. */
export interface RequestHead {
  readonly method: string;
  /** Request target as sent: origin-form or absolute-form. */
  readonly target: string;
  /** HTTP version, such as "1.1". */
  readonly version: string;
  readonly headers: RawHeaders;
}

/** A response's head as a value. */
export interface ResponseHead {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
}

/** Compares two header names without regard to case; `lower` is lower case already. */
const isNamed = (name: string | undefined, lower: string): boolean =>
  name !== undefined && name.length === lower.length && name.toLowerCase() === lower;

/** The value of the first line of that name, in any case; undefined when there is none. */
export function headerValue(headers: RawHeaders, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (isNamed(headers[at], wanted)) {
      return headers[at + 1];
    }
  }
  return undefined;
}

/** The values of all lines of that name, in any case, in their order. */
export function headerValues(headers: RawHeaders, name: string): string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (isNamed(headers[at], wanted)) {
      values.push(headers[at + 1] ?? "");
    }
  }
  return values;
}

/**
 * The elements of a comma list over all lines of that name, without blanks around them and in their own case; empty
 * elements are skipped, as RFC 9110 section 5.6.1.2 asks of a recipient.
 */
export function headerList(headers: RawHeaders, name: string): string[] {
  const elements: string[] = [];
  for (const value of headerValues(headers, name)) {
    // Most lines are a list of one.
    for (const part of value.includes(",") ? value.split(",") : [value]) {
      const element = part.trim();
      if (element !== "") {
        elements.push(element);
      }
    }
  }
  return elements;
}

/** Like {@link headerList}, in lower case: for lists whose elements are compared without case, such as Connection. */
export function headerTokens(headers: RawHeaders, name: string): string[] {
  return headerList(headers, name).map((element) => element.toLowerCase());
}
