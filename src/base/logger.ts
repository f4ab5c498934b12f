/** Structured fields of a log line. Payloads and secrets only at debug level. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * A structured logger: fields first, then a constant text. A pino logger has this interface. Log one line per change of
 * state, and count repeated events instead.
 */
export interface Logger {
  debug(fields: LogFields, text: string): void;
  info(fields: LogFields, text: string): void;
  warn(fields: LogFields, text: string): void;
  error(fields: LogFields, text: string): void;
  /** Returns a logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

/** Discards everything. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
