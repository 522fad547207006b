/** The error that tells most: several addresses of one name that all failed come as an AggregateError, whose first will do. */
export function firstError(error: Error): Error {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first : error;
}

/** The code that Node, OpenSSL or a library gave to an error, such as ECONNREFUSED; empty when there is none. */
export function errorCode(error: Error): string {
  return (firstError(error) as NodeJS.ErrnoException).code ?? "";
}
