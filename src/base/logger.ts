/** Where the house writes what an operator should know. The shape is that of pino, so a pino logger fits as it is. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = (): void => {};

/** A logger that says nothing: the default of the embedded library. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
