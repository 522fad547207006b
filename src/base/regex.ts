/**
 * What is wrong with the source of a regular expression, in words for who wrote it; undefined when nothing. For its
 * error alone: configurations are plain data, and who uses the expression compiles it again.
 */
export function regexProblem(source: string): string | undefined {
  try {
    RegExp(source);
    return undefined;
  } catch (error) {
    return `expected a regular expression of JavaScript: ${error instanceof Error ? error.message : String(error)}`;
  }
}
