import type { CallResult } from '../../client/api/session-api.ts';
import { type CliCommand, type CliIo, type CliOptions, ExitCode } from '../command/command.ts';
import { jsonObject, payloadText, printableText } from '../command/json-text.ts';
import { typedPayload, wholeNumber } from '../command/option-values.ts';
import { peerOptions, withPeer } from '../command/peer-options.ts';

/** `wampway call`: calls a procedure and prints its result. */
export const callCommand: CliCommand = {
  name: 'call',
  summary: 'call a procedure and print its result',
  arguments: [
    { name: 'procedure', summary: 'the procedure to call', required: true },
    { name: 'arg', summary: 'arguments, each JSON or text', required: false, variadic: true },
  ],
  options: [
    { flags: '--kwarg <key=value>', summary: 'a named argument; may be repeated', repeatable: true },
    { flags: '--timeout <ms>', summary: 'cancel the call after this time' },
    { flags: '--progress', summary: 'request progressive results, and print each of them' },
    ...peerOptions,
  ],
  examples: [
    { command: 'wampway call app.add 2 3', shows: 'prints 5, if a client offers this procedure' },
    {
      command: 'wampway call dev.relay.set --kwarg on=true --timeout 2000',
      shows: 'exit code 1 and the reason on stderr, if the device rejects the call or does not answer in time',
    },
    { command: 'wampway call app.scan --progress --json', shows: 'one JSON object for each result, for a script' },
  ],
  async run([procedure = '', ...typed], options, io) {
    const payload = typedPayload(typed, options);
    const timeout = wholeNumber(options, 'timeout', 1);
    return withPeer(options, io, async ({ session }) => {
      const result = await session.call(procedure, {
        payload,
        ...(timeout !== undefined && { timeout }),
        ...(options['progress'] === true && { onProgress: result => print(result, options, io) }),
      });
      print(result, options, io);
      return ExitCode.Ok;
    });
  },
};

/** Prints a single argument without brackets, and a text without quotes. Prints nothing for an empty result. */
function print({ payload, details }: CallResult, options: CliOptions, io: CliIo): void {
  const { args, kwargs } = payload;
  const [first] = args;
  const named = Object.keys(kwargs).length > 0;
  if (options['json'] === true) {
    const progress = details['progress'] === true;
    io.stdout.write(`${jsonObject(progress ? { progress } : {}, payload)}\n`);
  } else if (args.length > 1 || named) io.stdout.write(`${payloadText(payload)}\n`);
  else if (typeof first === 'string') io.stdout.write(`${printableText(first)}\n`);
  else if (args.length === 1) io.stdout.write(`${payloadText(payload).slice(1, -1)}\n`);
}
