import { Refusal } from "./errors.ts";

/** A path whose segments in braces stand for anything: `/api/v1/pools/{pool}`. */
export interface Template {
  /** The names in braces, in their order. */
  readonly names: readonly string[];
  /** What the path has in their places, still encoded; undefined when it is another path. */
  match(path: string): readonly string[] | undefined;
}

const PARAMETER = /^\{(\w+)\}$/;

/** Prepares a template. */
export function compileTemplate(template: string): Template {
  const segments = template.split("/");
  const names = segments.map((segment) => PARAMETER.exec(segment)?.[1]);
  return {
    names: names.filter((name) => name !== undefined),
    match(path) {
      const given = path.split("/");
      const fits = given.length === segments.length && given.every((one, at) => fitsSegment(one, segments[at]));
      return fits ? given.filter((_one, at) => names[at] !== undefined) : undefined;
    },
  };
}

function fitsSegment(given: string, segment = ""): boolean {
  return PARAMETER.test(segment) ? given !== "" : given === segment;
}

/** Decodes one segment of a path. @throws Refusal 400 for what is no percent-encoded UTF-8, or holds control characters */
export function decodeSegment(segment: string): string {
  try {
    const text = decodeURIComponent(segment);
    // eslint-disable-next-line no-control-regex
    if (!/[\u0000-\u001f\u007f]/.test(text)) return text;
  } catch {
    // It is told below.
  }
  throw new Refusal("BAD_REQUEST", `${JSON.stringify(segment)} in the path is no percent-encoded text.`);
}
