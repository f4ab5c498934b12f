import pino from 'pino';
import type { LogFields, Logger } from '../base/logger.ts';
import { secretKey } from './config/config-source.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogFormat = 'auto' | 'pretty-lines' | 'json';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where lines go; standard error by default, so that standard output stays free for what a command prints. */
  readonly destination?: LogDestination;
}

export interface LogDestination {
  write(line: string): void;
  /** Whether people read it: a terminal. */
  readonly terminal: boolean;
  /** Whether it may be coloured. */
  readonly colours: boolean;
}

/** Makes the process's logger. Lines are written before the call returns, so that none is lost when the process ends. */
export function createLog(options: LogOptions): Logger {
  const { level, format, destination = standardError() } = options;
  const pretty = format === 'pretty-lines' || (format === 'auto' && destination.terminal);
  const write = pretty
    ? (line: string) => destination.write(prettyLine(line, destination.colours))
    : (line: string) => destination.write(line);
  const root = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'text',
      formatters: { level: label => ({ level: label }), log: withoutSecrets },
      // Errors are plain already; pino's own way with them knows no secrets.
      serializers: { err: (value: unknown) => value },
    },
    { write },
  );
  return adapt(root);
}

/** pino formats the fields of a line, but not those of a child. */
function adapt(logger: pino.Logger): Logger {
  return {
    debug: (fields, text) => logger.debug(fields, text),
    info: (fields, text) => logger.info(fields, text),
    warn: (fields, text) => logger.warn(fields, text),
    error: (fields, text) => logger.error(fields, text),
    child: fields => adapt(logger.child(withoutSecrets(fields))),
  };
}

/** Where lines go unless told otherwise. */
export function standardError(): LogDestination {
  const destination = pino.destination({ dest: 2, sync: true });
  // A terminal that went away is no reason to stop.
  destination.on('error', () => {});
  const terminal = process.stderr.isTTY === true;
  return {
    write: line => destination.write(line),
    terminal,
    colours: terminal && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb',
  };
}

/** How deep fields are looked through; deeper is cut off, and so are cycles. */
const MAX_DEPTH = 4;
const MAX_TEXT = 2000;

/** Fields fit to be logged: errors as plain values, secrets covered, everything bounded. */
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

/**
 * `12:34:56.789 info  mqtt: a client has connected  authid=sensor-1`. Only an error of ours takes more than one line: its
 * stack, below.
 */
export function prettyLine(json: string, colours: boolean): string {
  const { time, level, text, bridge, part, ...fields } = record(json);
  const paint = (code: string, what: string): string => (colours ? `\u001b[${code}m${what}\u001b[0m` : what);
  const stacks: string[] = [];
  const shown = Object.entries(fields).flatMap(([key, value]) => {
    const stack = stackOf(value);
    if (stack !== undefined && level === 'error') stacks.push(stack);
    return value === undefined ? [] : `${paint('90', `${key}=`)}${showField(value)}`;
  });
  const source = [bridge, part].find(name => typeof name === 'string');
  const head = `${localTime(String(time))} ${paint(colourOf[String(level)] ?? '0', String(level).padEnd(5))}`;
  const what = `${source === undefined ? '' : `${source}: `}${String(text)}`;
  const line = [head, what, ...(shown.length === 0 ? [] : [` ${shown.join(' ')}`])].join(' ');
  return `${[line, ...stacks].join('\n')}\n`;
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

function stackOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('stack' in value) || typeof value.stack !== 'string')
    return undefined;
  // The first line repeats the message. What remains begins with "    at": no peer wrote it.
  const frames = value.stack.split('\n').filter(line => /^\s+at /.test(line));
  return frames.length === 0 ? undefined : frames.join('\n');
}

/** A field on one line: plain words as they are, everything else quoted, so that no peer's text can forge a line. */
function showField(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+\-[\]]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'object' && value !== null && 'message' in value) return JSON.stringify(value.message);
  return JSON.stringify(value) ?? 'undefined';
}
