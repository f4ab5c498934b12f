/** Structured facts of a log line. Never payloads or secrets above debug level. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * A structured logger: fields first, then a constant text. The shape is pino's, so that a pino logger is one.
 * One line per change of state; what repeats is counted, not logged.
 */
export interface Logger {
  debug(fields: LogFields, text: string): void;
  info(fields: LogFields, text: string): void;
  warn(fields: LogFields, text: string): void;
  error(fields: LogFields, text: string): void;
  /** A logger that adds `fields` to each of its lines. */
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
