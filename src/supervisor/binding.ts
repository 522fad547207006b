/** Node's own way to what lies beneath its sockets; its types do not know it. May throw. */
export function loadBinding(name: string): unknown {
  return (process as unknown as { binding(name: string): unknown }).binding(name);
}
