import { LinearPattern } from '../../../src/base/patterns/linear-pattern.ts';
import type { Dict } from '../../../src/wamp/dict.ts';
import { WampError } from '../../../src/wamp/errors.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { deviceUri, type PortConfig, type ProcedureConfig } from '../config/serial-config.ts';
import { WriteTemplate } from '../config/write-template.ts';
import { type Captured, captured } from './captured.ts';
import { ProcedureArguments } from './procedure-arguments.ts';
import type { Exchange, Reply } from './transaction-queue.ts';

/** The device reported an error. First argument: the device's text. */
const DEVICE_ERROR = asUri('wampway.error.device');

/** A procedure of a device: maps the arguments of a call to a command, and the answer to a result. */
export class DeviceProcedure {
  readonly uri: string;
  readonly #config: ProcedureConfig;
  readonly #encoding: 'utf8' | 'latin1';
  readonly #template: WriteTemplate;
  readonly #arguments: ProcedureArguments;
  readonly #interpret: ((frame: string) => Reply | undefined) | undefined;

  constructor(port: PortConfig, config: ProcedureConfig) {
    this.uri = deviceUri(port.id, config.name, config.uri);
    this.#config = config;
    this.#encoding = port.framing.encoding;
    this.#template = new WriteTemplate(config.write);
    const { terminator } = this.#template;
    this.#arguments = new ProcedureArguments(config.args, {
      // Control characters are always refused, so of `;\r\n` only the semicolon has to be checked.
      terminators: [port.framing.delimiter, terminator, terminator.replace(/\p{Cc}+/gu, '')],
      encoding: this.#encoding,
    });
    this.#interpret = interpreter(config, this.#encoding);
  }

  /** The transaction of a call. Throws `wamp.error.invalid_argument`. */
  exchange(args: readonly unknown[], kwargs: Dict): Exchange {
    const text = this.#template.render(this.#arguments.encode(args, kwargs));
    return {
      bytes: Buffer.from(text, this.#encoding),
      timeout: this.#config.timeout,
      retries: this.#config.retries,
      interpret: this.#interpret,
    };
  }

  /** The result for a reply. Throws `wampway.error.device` if the device reported an error. */
  result(reply: Reply | undefined): Captured {
    if (reply === undefined) return { args: [], kwargs: {} };
    if (reply.kind === 'result') return reply.value;
    const { args, kwargs } = reply.value;
    const message = kwargs['message'] ?? args[0];
    throw new WampError(DEVICE_ERROR, [typeof message === 'string' && message !== '' ? message : reply.frame], kwargs);
  }
}

/** The error pattern is tried first: an `expect` as wide as `.+` would match the error too. */
function interpreter(
  { expect, error, text }: ProcedureConfig,
  encoding: 'utf8' | 'latin1',
): ((frame: string) => Reply | undefined) | undefined {
  if (expect === undefined) return undefined;
  const accepted = new LinearPattern(expect);
  const refused = error === undefined ? undefined : new LinearPattern(error);
  const kept = new Set(text);
  return frame => {
    const refusal = refused?.match(frame);
    if (refusal) return { kind: 'refusal', value: captured(refusal, kept, encoding), frame };
    const match = accepted.match(frame);
    return match && { kind: 'result', value: captured(match, kept, encoding) };
  };
}
