/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What became of a text with references, and the names that had neither a value nor a default. */
export interface Expansion {
  readonly text: string;
  /** Names of the references that could not be replaced. */
  readonly missing: readonly string[];
  /** Whether there is a `${` that begins no reference. */
  readonly malformed: boolean;
}

/** An escaped opening, a reference with an optional default, or an opening that leads nowhere. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}|\$\{/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}`; `$${` stands for a literal `${`. As in a shell, the default also serves a
 * variable that is set but empty.
 */
export function expandReferences(text: string, env: Environment): Expansion {
  const missing: string[] = [];
  let malformed = false;
  const expanded = text.replaceAll(REFERENCE, (whole: string, name: unknown, fallback: unknown) => {
    if (whole === "$${") return "${";
    if (typeof name !== "string") {
      malformed = true;
      return whole;
    }
    const value = env[name];
    if (typeof fallback === "string") return value === undefined || value === "" ? fallback : value;
    if (value === undefined) missing.push(name);
    return value ?? "";
  });
  return { text: expanded, missing, malformed };
}

/** Writes a text so that {@link expandReferences} gives it back. */
export function escapeReferences(text: string): string {
  return text.replaceAll("${", "$$${");
}
