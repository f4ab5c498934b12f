import type { Dict } from '../../wamp/dict.ts';
import type { Payload } from '../../wamp/payload.ts';
import { CliError, type CliIo, type CliOptions } from '../command/command.ts';
import { jsonObject, payloadText, printable } from '../command/json-text.ts';

/** Bytes that may wait for the reader of the output before one more line is too much. A single line may be of any size. */
const MAX_WAITING = 128 * 1024 * 1024;

/** What happened, to be printed: an event or a call. */
export interface Happening {
  /** The topic or procedure. */
  readonly name: string;
  readonly payload: Payload;
  /** Only in JSON, e.g. the publication's id. */
  readonly more?: Dict;
}

/** Prints one line a happening: `12:03:04.123 topic  args kwargs`, or a JSON object. */
export class LinePrinter {
  readonly #io: CliIo;
  readonly #json: boolean;
  readonly #kind: string;

  /** `kind` is the name's key in JSON: `topic`, `procedure`. */
  constructor(io: CliIo, options: CliOptions, kind: string) {
    this.#io = io;
    this.#json = options['json'] === true;
    this.#kind = kind;
  }

  /** Throws if too much waits for the reader of the output already. */
  print({ name, payload, more }: Happening): void {
    const now = new Date();
    const line = this.#json
      ? jsonObject({ time: now.toISOString(), [this.#kind]: name, ...more }, payload)
      : `${clockTime(now)} ${printable(name)}  ${payloadText(payload)}`;
    if (this.#io.stdout.writableLength > MAX_WAITING) {
      throw new CliError(`the reader of the output is more than ${MAX_WAITING / 1024 / 1024} MiB behind; gave up`);
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
