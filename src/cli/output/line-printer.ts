import type { Dict } from '../../wamp/dict.ts';
import type { Payload } from '../../wamp/payload.ts';
import { CliError, type CliIo, type CliOptions } from '../command/command.ts';
import { jsonObject, payloadText, printable } from '../command/json-text.ts';

/**
 * Bytes that may be buffered for the reader of the output before the next line fails. A single line may have any size.
 */
const MAX_BUFFERED = 128 * 1024 * 1024;

/** An event or an invocation to print. */
export interface PrintedMessage {
  /** The topic or procedure. */
  readonly name: string;
  readonly payload: Payload;
  /** Further fields for the JSON output, for example the publication's id. */
  readonly more?: Dict;
}

/** Prints one line per message: `12:03:04.123 topic  args kwargs`, or a JSON object. */
export class LinePrinter {
  readonly #io: CliIo;
  readonly #json: boolean;
  readonly #kind: string;

  /** `kind` is the key of the name in JSON: `topic` or `procedure`. */
  constructor(io: CliIo, options: CliOptions, kind: string) {
    this.#io = io;
    this.#json = options['json'] === true;
    this.#kind = kind;
  }

  /** Throws `CliError` if more than `MAX_BUFFERED` bytes already wait for the reader of the output. */
  print({ name, payload, more }: PrintedMessage): void {
    const now = new Date();
    const line = this.#json
      ? jsonObject({ time: now.toISOString(), [this.#kind]: name, ...more }, payload)
      : `${clockTime(now)} ${printable(name)}  ${payloadText(payload)}`;
    if (this.#io.stdout.writableLength > MAX_BUFFERED) {
      throw new CliError(`output is blocked (${MAX_BUFFERED / 1024 / 1024} MiB buffered); stopped`);
    }
    this.#io.stdout.write(`${line}\n`);
  }
}

/** `12:03:04.123`, local time. */
function clockTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
