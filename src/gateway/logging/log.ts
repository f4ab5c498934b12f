import pino from 'pino';
import type { LogFields, Logger } from '../../base/logger.ts';
import { escapeUnsafe } from '../../base/safe-text.ts';
import { secretKey } from '../config/config-source.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogFormat = 'auto' | 'pretty-lines' | 'json';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Destination of the lines. Default: standard error, because commands print to standard output. */
  readonly destination?: LogDestination;
}

export interface LogDestination {
  write(line: string): void;
  /** Whether the destination is a terminal. */
  readonly terminal: boolean;
  /** Whether lines may have colours. */
  readonly colours: boolean;
}

/**
 * Makes the logger of the process. A line is written before the call returns, so none is lost when the process ends.
 */
export function createLog(options: LogOptions): Logger {
  const { level, format, destination = standardError() } = options;
  const pretty = format === 'pretty-lines' || (format === 'auto' && destination.terminal);
  const write = pretty
    ? (line: string) => destination.write(prettyLine(line, destination.colours))
    : (line: string) => destination.write(`${escapeUnsafe(line.trimEnd())}\n`);
  const root = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'text',
      formatters: { level: label => ({ level: label }), log: withoutSecrets },
      // `withoutSecrets` has converted errors. pino's own serializer would not cover secrets.
      serializers: { err: (value: unknown) => value },
    },
    { write },
  );
  return adapt(root);
}

/** Also covers secrets in the fields of a child, which pino does not format. */
function adapt(logger: pino.Logger): Logger {
  return {
    debug: (fields, text) => logger.debug(fields, text),
    info: (fields, text) => logger.info(fields, text),
    warn: (fields, text) => logger.warn(fields, text),
    error: (fields, text) => logger.error(fields, text),
    child: fields => adapt(logger.child(withoutSecrets(fields))),
  };
}

/** Maximum of characters that are buffered while the output is blocked. Later lines are lost. */
const MAX_BUFFERED = 1024 * 1024;

/** The default destination. */
export function standardError(): LogDestination {
  // Bounded, because lines that cannot be written (closed terminal, full disk) are kept in memory for the next attempt.
  const destination = pino.destination({ dest: 2, sync: true, maxLength: MAX_BUFFERED });
  // The process continues if the log cannot be written.
  destination.on('error', () => {});
  const terminal = process.stderr.isTTY === true;
  return {
    write: line => destination.write(line),
    terminal,
    colours: terminal && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb',
  };
}

/** Maximum depth of fields. Deeper values and cycles are cut off. */
const MAX_DEPTH = 4;
const MAX_TEXT = 2000;

/** Converts fields for the log: errors become plain values, secrets are covered, sizes are bounded. */
function withoutSecrets(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(key, value, 0)]));
}

function plain(key: string, value: unknown, depth: number): unknown {
  if (secretKey.test(key) && value !== undefined && value !== null && typeof value !== 'boolean') return '***';
  if (typeof value === 'string') return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return String(value).slice(0, 80);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return plainError(value, depth);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.slice(0, 100).map(item => plain('', item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 100)
      .map(([name, item]) => [name, plain(name, item, depth + 1)]),
  );
}

function plainError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? { code: plain('code', error.code, depth + 1) } : {};
  const below = cause === undefined || depth >= MAX_DEPTH ? {} : { cause: plain('cause', cause, depth + 1) };
  return { name, message, ...code, ...below, ...(stack === undefined ? {} : { stack }) };
}

const colourOf: Readonly<Record<string, string>> = { debug: '90', info: '36', warn: '33', error: '31' };

/** A part of a line, with its colour on a terminal. */
interface Piece {
  readonly text: string;
  readonly colour?: string;
}

/**
 * Formats a line: `12:34:56.789 info  mqtt: client connected  authid=sensor-1`. Only a line of level error has more
 * lines, for its stack. All text is escaped here, so callers of the log need not do it.
 */
export function prettyLine(json: string, colours: boolean): string {
  const { time, level, text, bridge, part, ...fields } = record(json);
  const stacks: string[] = [];
  const shown = Object.entries(fields).flatMap(([key, value]): Piece[] => {
    const stack = stackOf(value);
    if (stack !== undefined && level === 'error') stacks.push(...stack);
    return value === undefined ? [] : [{ text: ` ${key}=`, colour: '90' }, { text: showField(value) }];
  });
  const source = [bridge, part].find(name => typeof name === 'string');
  const head: Piece[] = [
    { text: `${localTime(String(time))} ` },
    { text: String(level).padEnd(5), colour: colourOf[String(level)] ?? '0' },
    { text: ` ${source === undefined ? '' : `${source}: `}${String(text)}` },
    ...(shown.length === 0 ? [] : [{ text: ' ' }]),
  ];
  const lines = [[...head, ...shown], ...stacks.map(frame => [{ text: frame }])];
  return lines.map(pieces => `${pieces.map(piece => render(piece, colours)).join('')}\n`).join('');
}

function render({ text, colour }: Piece, colours: boolean): string {
  const safe = escapeUnsafe(text);
  return colours && colour !== undefined ? `\u001b[${colour}m${safe}\u001b[0m` : safe;
}

function record(json: string): Record<string, unknown> {
  const value: unknown = JSON.parse(json);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function localTime(iso: string): string {
  const time = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const millis = String(time.getMilliseconds()).padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${millis}`;
}

function stackOf(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null || !('stack' in value) || typeof value.stack !== 'string')
    return undefined;
  // The head of the stack repeats the message. A peer may have written it, and it may look like a frame.
  const message = 'message' in value && typeof value.message === 'string' ? value.message : '';
  const head = value.stack.indexOf(message);
  const frames = value.stack
    .slice(head < 0 ? 0 : head + message.length)
    .split('\n')
    .filter(line => /^\s+at /.test(line));
  return frames.length === 0 ? undefined : frames;
}

/** Formats a field. Text that is not a plain word is quoted, so that a peer cannot forge fields. */
function showField(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+\-[\]]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'object' && value !== null && 'message' in value) return JSON.stringify(value.message);
  return JSON.stringify(value) ?? 'undefined';
}
