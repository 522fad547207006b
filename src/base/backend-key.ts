/**
 * One text for a backend, which is known by its pool's name and its own, where maps and sets need one. No two have the same:
 * names of pools hold no space.
 */
export function backendKey(pool: string, backend: string): string {
  return `${pool} ${backend}`;
}
