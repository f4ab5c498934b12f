import type { LogFields, Logger } from '../../src/base/logger.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: LogFields;
  readonly text: string;
}

/** A logger that records its lines, and those of its children. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[];
  readonly #fields: LogFields;

  constructor(lines: LogLine[] = [], fields: LogFields = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  debug(fields: LogFields, text: string): void {
    this.#add('debug', fields, text);
  }

  info(fields: LogFields, text: string): void {
    this.#add('info', fields, text);
  }

  warn(fields: LogFields, text: string): void {
    this.#add('warn', fields, text);
  }

  error(fields: LogFields, text: string): void {
    this.#add('error', fields, text);
  }

  child(fields: LogFields): RecordingLogger {
    return new RecordingLogger(this.lines, { ...this.#fields, ...fields });
  }

  /** Lines of one level. */
  at(level: LogLine['level']): LogLine[] {
    return this.lines.filter(line => line.level === level);
  }

  #add(level: LogLine['level'], fields: LogFields, text: string): void {
    this.lines.push({ level, fields: { ...this.#fields, ...fields }, text });
  }
}
