import { readFileSync } from 'node:fs';
import { errorMessage } from '../../base/error-message.ts';
import { ClientSession, type SessionOptions } from '../../client/session/client-session.ts';
import { codecNamed } from '../../codec/codecs.ts';
import type { SerializerName } from '../../codec/message/codec.ts';
import type { Link } from '../../link/link.ts';
import { dial } from '../../transport/dial.ts';
import { DialError } from '../../transport/endpoint/dial-error.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { CliError, type CliIo, type CliOption, type CliOptions, ExitCode } from './command.ts';
import { jsonText, printable } from './json-text.ts';
import { credentialsOf, loginOptions } from './login-options.ts';
import { text, wholeNumber } from './option-values.ts';

/** Maximum size of a received message in bytes. RawSocket allows at most 16 MiB. */
const MAX_MESSAGE = 64 * 1024 * 1024;

const serializers: readonly SerializerName[] = ['json', 'msgpack', 'cbor'];

/** The options of every command that connects to a router. */
export const peerOptions: readonly CliOption[] = [
  {
    flags: '--url <url>',
    summary:
      'the router: ws://, wss:// (WebSocket), tcp://, tcps://, unix:// (RawSocket), http:// or https:// (long-poll)',
    default: 'ws://127.0.0.1:8080/ws',
  },
  { flags: '--realm <name>', summary: 'the realm to join', default: 'realm1' },
  { flags: '--serializer <name>', summary: 'the encoding of messages', default: 'json', choices: serializers },
  {
    flags: '--ca <file>',
    summary: 'CA certificate (PEM) that must have signed the router’s certificate: ca.pem of "wampway cert init"',
  },
  { flags: '--connect-timeout <ms>', summary: 'time limit for connecting and joining', default: '10000' },
  ...loginOptions,
  { flags: '--json', summary: 'print one JSON object per line, for scripts' },
];

/** Advice for errors that the router answers with. */
const hints: Readonly<Record<string, string>> = {
  [ErrorUri.NoSuchRealm]: 'choose another with --realm',
  [ErrorUri.AuthenticationRequired]: 'authenticate with --authid and --ticket-file, --password-file or --key-file',
  [ErrorUri.NoMatchingAuthMethod]: 'authenticate with --ticket-file, --password-file or --key-file',
  [ErrorUri.Timeout]: 'check that the URL leads to a WAMP router that supports this serializer',
};

/** The connection of a command to the router. */
export interface Peer {
  readonly session: ClientSession;
  /** A text for messages: `realm1 at ws://127.0.0.1:8080/ws`. */
  readonly place: string;
}

/**
 * Joins the router that the options name, passes the session to `work`, and leaves when `work` resolves with an exit
 * code. An ERROR of the router becomes exit code 1. If the router is unreachable or the connection is lost, the exit
 * code is 2. If `io.signal` is aborted, the command ends at once with exit code 0.
 */
export async function withPeer(
  options: CliOptions,
  io: CliIo,
  work: (peer: Peer) => Promise<number>,
  limits: Pick<SessionOptions, 'maxInvocations'> = {},
): Promise<number> {
  const url = text(options, 'url') ?? '';
  const realm = text(options, 'realm') ?? '';
  const session = await join(url, realm, options, io, limits);
  if (session === undefined) return ExitCode.Ok;
  let leaving = false;
  const lost = session.closed.then(reason => {
    if (!leaving) throw new CliError(`the router at ${url} ended the session: ${printable(reason)}`);
    return ExitCode.Ok;
  });
  try {
    return await Promise.race([work({ session, place: `${realm} at ${url}` }), lost, stopped(io.signal)]);
  } catch (error) {
    if (!(error instanceof WampError)) throw error;
    if (error.uri === ErrorUri.NetworkFailure) return await lost;
    throw new CliError(errorText(error), ExitCode.Failed);
  } finally {
    leaving = true;
    await session.leave();
  }
}

function stopped(signal: AbortSignal): Promise<number> {
  return new Promise(resolve => {
    if (signal.aborted) resolve(ExitCode.Ok);
    else signal.addEventListener('abort', () => resolve(ExitCode.Ok), { once: true });
  });
}

/** Writes an ERROR on one line. */
function errorText(error: WampError): string {
  const [first, ...more] = error.args;
  if (typeof first === 'string' && more.length === 0) return printable(error.message).replaceAll('\n', ' ');
  return error.args.length === 0 ? printable(error.uri) : `${printable(error.uri)}: ${jsonText(error.args)}`;
}

async function join(
  url: string,
  realm: string,
  options: CliOptions,
  io: CliIo,
  limits: Pick<SessionOptions, 'maxInvocations'>,
): Promise<ClientSession | undefined> {
  const timeout = wholeNumber(options, 'connectTimeout', 1) ?? 10_000;
  const credentials = credentialsOf(options, io.environment ?? {});
  const ca = authorityOf(options);
  const name = serializers.find(serializer => serializer === options['serializer']) ?? 'json';
  let link: Link | undefined;
  const stop = (): void => link?.close('stopped');
  io.signal.addEventListener('abort', stop, { once: true });
  try {
    const tls = ca === undefined ? {} : { ca };
    const codec = codecNamed(name);
    link = await dial(url, { codec, timeout, signal: io.signal, tls, maxMessageSize: MAX_MESSAGE });
    return await ClientSession.join(link, { realm, timeout, details: { agent: 'wampway' }, ...credentials, ...limits });
  } catch (error) {
    if (io.signal.aborted) return undefined;
    if (error instanceof DialError) throw new CliError(error.message);
    if (!(error instanceof WampError)) throw error;
    const hint = hints[error.uri];
    const advice = hint === undefined ? '' : ` (${hint})`;
    throw new CliError(`could not join realm ${realm} at ${url}: ${printable(error.message)}${advice}`);
  } finally {
    io.signal.removeEventListener('abort', stop);
  }
}

function authorityOf(options: CliOptions): string | undefined {
  const file = text(options, 'ca');
  if (file === undefined) return undefined;
  try {
    const pem = readFileSync(file, 'utf8');
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('the file contains no certificate in PEM format');
    return pem;
  } catch (error) {
    throw new CliError(`cannot read the CA certificate from ${file}: ${errorMessage(error)}`);
  }
}
