/** A file of the dashboard. */
export interface Asset {
  /** Its Content-Type. */
  readonly type: string;
  readonly body: string | Uint8Array;
  /** More headers, such as ETag or another Cache-Control. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Gives the file of a path: `/` or something below `/dashboard/`. */
export type Assets = (path: string) => Asset | undefined;

/** Nothing comes from elsewhere, nothing inline runs, and no other page can put this one into a frame. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** Whether a path is one of the dashboard's. Its files hold no secrets, so that browsers get them without a token. */
export function isPage(path: string): boolean {
  return path === "/" || path.startsWith("/dashboard/");
}

/** All headers of a file. */
export function assetHeaders({ type, headers = {} }: Asset): Readonly<Record<string, string>> {
  return {
    "Cache-Control": "no-cache",
    ...headers,
    "Content-Type": type,
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  };
}
