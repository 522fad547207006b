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
