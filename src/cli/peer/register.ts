import type { Invocation, InvocationHandler } from '../../client/api/session-api.ts';
import { result } from '../../client/roles/result.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { type CliCommand, CliError, type CliIo, type CliOptions } from '../command/command.ts';
import { jsonObject, printable } from '../command/json-text.ts';
import { chosenMatchPolicy, matchOption, text, typedPayload, wholeNumber } from '../command/option-values.ts';
import { peerOptions, withPeer } from '../command/peer-options.ts';
import { LinePrinter } from '../output/line-printer.ts';
import { runChildCommand } from './child-command.ts';

const invokePolicies = ['single', 'first', 'last', 'roundrobin', 'random'] as const;

/** `wampway register`: offers a procedure until a signal stops it. */
export const registerCommand: CliCommand = {
  name: 'register',
  summary: 'offer a procedure, answered by a fixed value or by a command, until stopped',
  arguments: [{ name: 'procedure', summary: 'the procedure or pattern to offer', required: true }],
  options: [
    { flags: '--value <json>', summary: 'answer with this value, JSON or text' },
    {
      flags: '--exec <command>',
      summary:
        'answer with the output of this shell command, JSON or text; its input is {"procedure", "args", "kwargs"} as JSON; an exit code other than 0 is an error',
    },
    { flags: '--exec-timeout <ms>', summary: 'end the command after this time', default: '10000' },
    { flags: '--max-output <bytes>', summary: 'end the command if it prints more', default: '1048576' },
    { flags: '--concurrency <n>', summary: 'number of simultaneous calls; further calls are rejected', default: '16' },
    matchOption('procedure'),
    {
      flags: '--invoke <policy>',
      summary: 'how calls are shared with other clients that offer the same procedure',
      default: 'single',
      choices: invokePolicies,
    },
    ...peerOptions,
  ],
  examples: [
    { command: 'wampway register app.version --value \'"1.2"\'', shows: 'answers every call with the same text' },
    { command: 'wampway register app.uptime --exec uptime', shows: 'answers with the output of the command' },
    {
      command: 'wampway register app.add --exec \'jq ".args | add"\'',
      shows: 'adds the arguments; `wampway call app.add 2 3` prints 5',
    },
  ],
  async run([procedure = ''], options, io) {
    const children = new Set<Promise<unknown>>();
    const answer = answerer(options, io, children);
    const printer = new LinePrinter(io, options, 'procedure');
    const maxInvocations = wholeNumber(options, 'concurrency', 1) ?? 16;
    const match = chosenMatchPolicy(options);
    const invoke = invokePolicies.find(policy => policy === options['invoke']) ?? 'single';
    const exitCode = await withPeer(
      options,
      io,
      async ({ session, place }) => {
        let fail: (error: unknown) => void = () => {};
        const failed = new Promise<never>((_resolve, reject) => {
          fail = reject;
        });
        const handler: InvocationHandler = invocation => {
          try {
            printer.print({ name: invocation.procedure, payload: invocation.payload });
          } catch (error) {
            fail(error);
          }
          return answer(invocation);
        };
        await session.register(procedure, handler, { match, invoke });
        io.stderr.write(`registered ${printable(procedure)} on ${place}; Ctrl-C ends it\n`);
        return failed;
      },
      { maxInvocations },
    );
    // The end of the session has ended the child commands. Those that ignore SIGTERM are killed one second later.
    await Promise.allSettled(children);
    return exitCode;
  },
};

function answerer(options: CliOptions, io: CliIo, children: Set<Promise<unknown>>): InvocationHandler {
  const value = text(options, 'value');
  const command = text(options, 'exec');
  if ((value === undefined) === (command === undefined)) {
    throw new CliError("register: expected either --value JSON or --exec 'command'");
  }
  if (command === undefined) {
    const fixed = typedResult(value ?? '', options);
    return () => fixed;
  }
  const timeout = wholeNumber(options, 'execTimeout', 1) ?? 10_000;
  const maxOutput = wholeNumber(options, 'maxOutput', 0) ?? 1_048_576;
  return async ({ procedure, payload, signal }: Invocation) => {
    const running = runChildCommand({
      command,
      input: `${jsonObject({ procedure }, payload)}\n`,
      env: { WAMP_PROCEDURE: procedure },
      timeout,
      maxOutput,
      signal,
      stderr: io.stderr,
    });
    children.add(running);
    const outcome = await running.finally(() => children.delete(running));
    if (outcome.kind === 'exited') {
      if (outcome.code === 0) return resultOf(outcome.output, options);
      const args = [`the command ended with exit code ${outcome.code}`];
      throw new WampError(ErrorUri.RuntimeError, args, { exit_code: outcome.code });
    }
    if (outcome.kind === 'failed') throw new WampError(ErrorUri.RuntimeError, ['the command could not be started']);
    if (outcome.by === 'timeout') throw new WampError(ErrorUri.Timeout, [`the command took more than ${timeout} ms`]);
    if (outcome.by === 'signal') throw new WampError(ErrorUri.Canceled, ['the command was stopped']);
    if (outcome.by === 'system') throw new WampError(ErrorUri.RuntimeError, ['the command was killed']);
    throw new WampError(ErrorUri.PayloadSizeExceeded, [`the command printed more than ${maxOutput} bytes`]);
  };
}

/** Converts the output of a command: nothing, JSON, or text without its final newline. */
function resultOf(output: string, options: CliOptions): unknown {
  const text = output.replace(/\r?\n$/, '');
  return text === '' ? undefined : typedResult(text, options);
}

function typedResult(text: string, { serializer }: CliOptions): unknown {
  return result({ payload: typedPayload([text], { serializer }) });
}
