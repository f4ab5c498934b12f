import { type Dict, isDict } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { type CliCommand, CliError, type CliIo, type CliOptions, ExitCode } from '../command/command.ts';
import { jsonText, printable } from '../command/json-text.ts';
import { text, wholeNumber } from '../command/option-values.ts';
import { type Peer, peerOptions, withPeer } from '../command/peer-options.ts';

/** Milliseconds between two queries for new devices. */
const INTERVAL = 500;

/** `wampway pair`: admits new devices for a limited time. */
export const pairCommand: CliCommand = {
  name: 'pair',
  summary: 'admit new devices of the LAN for some minutes: they become principals',
  arguments: [],
  options: [
    { flags: '--minutes <n>', summary: 'duration in minutes, at most 60', default: '10' },
    { flags: '--devices <n>', summary: 'number of devices, at most 100', default: '20' },
    { flags: '--role <role>', summary: 'role of the devices (authrole)', default: 'device' },
    ...peerOptions,
  ],
  examples: [
    {
      command: 'wampway pair --minutes 10',
      shows: 'prints each admitted device, with its password if one was created; Ctrl-C ends it',
    },
  ],
  run(_args, options, io) {
    // After joining, a signal must not end the session at once: `pair` closes pairing first.
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
  await openPairing(session, kwargs);
  io.stderr.write(`pairing on ${place} for ${minutes} min: connect the devices now, with any user name and password\n`);
  const printed = new Set<string>();
  let closing = false;
  for (;;) {
    const { args } = await session.call('wampway.pairing.list');
    const state: unknown = args[0];
    if (!isDict(state) || state['open'] !== true) break;
    const admitted = Array.isArray(state['devices']) ? state['devices'].filter(isDict) : [];
    for (const line of admitted.map(device => (options['json'] === true ? jsonText(device) : lineOf(device)))) {
      if (!printed.has(line)) io.stdout.write(`${line}\n`);
      printed.add(line);
    }
    await pause(io.signal);
    // After the signal, query once more, so that the latest devices are printed.
    if (io.signal.aborted && closing) break;
    closing = io.signal.aborted;
  }
  if (closing) await session.call('wampway.pairing.close');
  io.stderr.write('pairing ended\n');
  return ExitCode.Ok;
}

async function openPairing(session: Peer['session'], kwargs: Dict): Promise<void> {
  try {
    await session.call('wampway.pairing.open', { kwargs });
  } catch (error) {
    if (!(error instanceof WampError) || error.uri !== ErrorUri.NotAuthorized) throw error;
    const hint = 'realms[].meta.control in the configuration grants it, for example to loopback';
    throw new CliError(`this client is not authorized to pair devices (${hint})`, ExitCode.Failed);
  }
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
  const advice =
    typeof password === 'string'
      ? `: connected without a password; configure user name ${String(authid)}, password ${password}`
      : '';
  return printable(`${String(authid)} from ${String(address)}${clients}${advice}`);
}
