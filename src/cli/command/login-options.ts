import { readFileSync } from 'node:fs';
import { errorMessage } from '../../base/error-message.ts';
import { craLogin, type Login, scramLogin, signLogin, ticketLogin } from '../../public/client.ts';
import { CliError, type CliOption, type CliOptions } from './command.ts';
import { text } from './option-values.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Maximum length of a secret file in characters. */
const MAX_SECRET = 64 * 1024;

/**
 * The options for authentication. Other users can read a command line, so secrets come from files or the environment.
 */
export const loginOptions: readonly CliOption[] = [
  { flags: '--authid <name>', summary: 'join as this principal (or WAMPWAY_AUTHID)' },
  { flags: '--ticket-file <file>', summary: 'authenticate with the ticket in this file (or in WAMPWAY_TICKET)' },
  {
    flags: '--password-file <file>',
    summary: 'authenticate with the password in this file (or in WAMPWAY_PASSWORD): wamp-scram, wampcra',
  },
  {
    flags: '--key-file <file>',
    summary: 'authenticate with the private key in this file (or in WAMPWAY_KEY): cryptosign',
  },
];

/** The principal to join as, and its login methods, strongest first. */
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
    throw new CliError(
      'the private key is not valid: expected 64 hexadecimal digits, as "wampway key new" writes them',
    );
  }
}

function secretOf(options: CliOptions, name: string, fallback: string | undefined): string | undefined {
  const file = text(options, name);
  return file === undefined ? fallback : readSecret(file);
}

/** Returns the first line of a file. Throws `CliError` if the file cannot be read. */
export function readSecret(file: string): string {
  try {
    const content = readFileSync(file, 'utf8');
    if (content.length > MAX_SECRET) throw new Error(`the file has more than ${MAX_SECRET} characters`);
    const [line = ''] = content.split(/\r?\n/, 1);
    if (line === '') throw new Error('the first line is empty');
    return line;
  } catch (error) {
    throw new CliError(`cannot read a secret from ${file}: ${errorMessage(error)}`);
  }
}
