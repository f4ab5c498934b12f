import { type Dict, isDict } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { type CliCommand, CliError, type CliIo, type CliOptions, ExitCode } from '../command/command.ts';
import { jsonText, printable } from '../command/json-text.ts';
import { text, wholeNumber } from '../command/option-values.ts';
import { type Peer, peerOptions, withPeer } from '../command/peer-options.ts';

/** Milliseconds between two looks at who has come. */
const INTERVAL = 500;

/** `wampway pair`: lets new devices in for a while. */
export const pairCommand: CliCommand = {
  name: 'pair',
  summary: 'let new devices of the LAN in for some minutes: they become principals',
  arguments: [],
  options: [
    { flags: '--minutes <n>', summary: 'how long, at most 60', default: '10' },
    { flags: '--devices <n>', summary: 'how many, at most 100', default: '20' },
    { flags: '--role <role>', summary: 'what they are (authrole)', default: 'device' },
    ...peerOptions,
  ],
  examples: [
    {
      command: 'wampway pair --minutes 10',
      shows: 'prints each device that is let in, with its password where one was made for it; Ctrl-C ends it',
    },
  ],
  run(_args, options, io) {
    // Once it has joined, being told to stop means to close the window before it leaves.
    const joining = new AbortController();
    let joined = false;
    const stop = (): void => {
      if (!joined) joining.abort();
    };
    if (io.signal.aborted) stop();
    else io.signal.addEventListener('abort', stop, { once: true });
    return withPeer(options, { ...io, signal: joining.signal }, peer => {
      joined = true;
      return pair(peer, options, io);
    });
  },
};

async function pair({ session, place }: Peer, options: CliOptions, io: CliIo): Promise<number> {
  const minutes = wholeNumber(options, 'minutes', 1);
  const devices = wholeNumber(options, 'devices', 1);
  const kwargs = { minutes, devices, role: text(options, 'role') };
  try {
    await session.call('wampway.pairing.open', { kwargs });
  } catch (error) {
    if (!(error instanceof WampError) || error.uri !== ErrorUri.NotAuthorized) throw error;
    const hint = 'realms[].meta.control of the configuration says who may: loopback, for programs of this machine';
    throw new CliError(`not allowed to let devices in (${hint})`, ExitCode.Failed);
  }
  io.stderr.write(`pairing on ${place} for ${minutes} min: let devices connect now, with any user name and password\n`);
  const seen = new Set<string>();
  let closing = false;
  for (;;) {
    const { args } = await session.call('wampway.pairing.list');
    const state: unknown = args[0];
    if (!isDict(state) || state['open'] !== true) break;
    for (const device of Array.isArray(state['devices']) ? state['devices'].filter(isDict) : []) {
      const line = options['json'] === true ? jsonText(device) : lineOf(device);
      if (!seen.has(line)) io.stdout.write(`${line}\n`);
      seen.add(line);
    }
    await pause(io.signal);
    // Whoever came last is shown first.
    if (io.signal.aborted && closing) break;
    closing = io.signal.aborted;
  }
  if (closing) await session.call('wampway.pairing.close');
  io.stderr.write('pairing is over\n');
  return ExitCode.Ok;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, INTERVAL);
    signal.addEventListener('abort', done);
  });
}

function lineOf({ authid, client_ids: ids, address, password }: Dict): string {
  const clients = Array.isArray(ids) && ids.length > 0 ? `, client id ${ids.map(String).join(', ')}` : '';
  const told =
    typeof password === 'string'
      ? `: has no password; let it connect with user name ${String(authid)}, password ${password}`
      : '';
  return printable(`${String(authid)} from ${String(address)}${clients}${told}`);
}
