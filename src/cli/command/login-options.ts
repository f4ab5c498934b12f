import { readFileSync } from 'node:fs';
import { craLogin, type Login, scramLogin, signLogin, ticketLogin } from '../../public/client.ts';
import { CliError, type CliOption, type CliOptions } from './command.ts';
import { text } from './option-values.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The longest secret that is read. */
const MAX_SECRET = 64 * 1024;

/** How to prove who one is. Secrets come from files or the environment: a command line is there for all to see. */
export const loginOptions: readonly CliOption[] = [
  { flags: '--authid <name>', summary: 'join as this principal (or WAMPWAY_AUTHID)' },
  { flags: '--ticket-file <file>', summary: 'prove it by the ticket in this file (or in WAMPWAY_TICKET)' },
  {
    flags: '--password-file <file>',
    summary: 'prove it by the password in this file (or in WAMPWAY_PASSWORD): wamp-scram, wampcra',
  },
  { flags: '--key-file <file>', summary: 'prove it by the private key in this file (or in WAMPWAY_KEY): cryptosign' },
];

/** Who joins, and how it proves that. */
export interface Credentials {
  readonly authid?: string;
  readonly logins: readonly Login[];
}

export function credentialsOf(options: CliOptions, environment: Environment): Credentials {
  const authid = text(options, 'authid') ?? environment['WAMPWAY_AUTHID'];
  const ticket = secretOf(options, 'ticketFile', environment['WAMPWAY_TICKET']);
  const password = secretOf(options, 'passwordFile', environment['WAMPWAY_PASSWORD']);
  const key = secretOf(options, 'keyFile', environment['WAMPWAY_KEY']);
  const logins = [
    ...(key === undefined ? [] : [signer(key)]),
    ...(password === undefined ? [] : [scramLogin(password), craLogin(password)]),
    ...(ticket === undefined ? [] : [ticketLogin(ticket)]),
  ];
  return { ...(authid !== undefined && { authid }), logins };
}

function signer(key: string): Login {
  try {
    return signLogin(key);
  } catch {
    throw new CliError('the private key has to be 64 hexadecimal digits, as "wampway key new" makes them');
  }
}

function secretOf(options: CliOptions, name: string, fallback: string | undefined): string | undefined {
  const file = text(options, name);
  return file === undefined ? fallback : readSecret(file);
}

/** The first line of a file. Throws `CliError` where it cannot be read. */
export function readSecret(file: string): string {
  try {
    const content = readFileSync(file, 'utf8');
    if (content.length > MAX_SECRET) throw new Error('it is too large for a secret');
    const [line = ''] = content.split(/\r?\n/, 1);
    if (line === '') throw new Error('its first line is empty');
    return line;
  } catch (error) {
    throw new CliError(`cannot read a secret from ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
