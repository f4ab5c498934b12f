import { randomBytes } from 'node:crypto';
import type { Bridge } from '../../gateway/bridge/bridge.ts';
import { loadConfig } from '../../gateway/config/load-config.ts';
import type { PrincipalConfig, PrincipalInput } from '../../gateway/config/principal-schema.ts';
import { ConfigError } from '../../gateway/config/values/config-problem.ts';
import { PrincipalsDocument, principalsIn } from '../../gateway/principals/principals-document.ts';
import { FileLocked } from '../../gateway/support/file-lock.ts';
import {
  type CliCommand,
  CliError,
  type CliIo,
  type CliOption,
  type CliOptions,
  ExitCode,
} from '../command/command.ts';
import { jsonText, printable } from '../command/json-text.ts';
import { readSecret } from '../command/login-options.ts';
import { text } from '../command/option-values.ts';
import { configFile } from '../gateway/check.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The cost of guessing one password for an attacker who has the file. */
const SCRAM_COST = { kdf: 'pbkdf2', iterations: 16_384, memory: null } as const;

const userOptions: readonly CliOption[] = [
  { flags: '-c, --config <file>', summary: 'the configuration that names the file (default: WAMPWAY_CONFIG)' },
  { flags: '-f, --file <file>', summary: 'the file of principals, instead of the configured one' },
  { flags: '--role <role>', summary: 'add: the role of the principal (authrole)' },
  {
    flags: '--realm <name>',
    summary: 'add: a realm that the principal may join, instead of all; may be repeated',
    repeatable: true,
  },
  { flags: '--password-file <file>', summary: 'add, passwd: the password is the first line of this file' },
  {
    flags: '--key <hex>',
    summary: 'add, passwd: a public key instead of a password, as "wampway key new" prints it',
  },
  { flags: '--json', summary: 'print JSON, for scripts' },
];

/** `wampway user`: manages the principals in a file. */
export function userCommand(bridges: readonly Bridge[], environment: Environment): CliCommand {
  return {
    name: 'user',
    summary: 'add, change, list and remove principals: who may join',
    arguments: [
      { name: 'what', summary: 'add, passwd, ls or rm', required: true },
      { name: 'authid', summary: 'the name of the principal', required: false },
    ],
    options: userOptions,
    examples: [
      {
        command: 'wampway user add pump --role device',
        shows: 'creates a password, prints it once, and stores its hash',
      },
      {
        command: 'wampway user add joe --role admin --password-file secret',
        shows: 'reads the password from a file',
      },
      { command: 'wampway user ls', shows: 'lists all principals with role and methods, without secrets' },
    ],
    async run([action, authid], options, io) {
      try {
        const file = fileOf(options, bridges, environment);
        if (action === 'ls') return list(file, options, io, environment);
        return await change(changeOf(action, authid, file), options, io, environment);
      } catch (error) {
        if (error instanceof ConfigError) throw new CliError(`the principals are not valid\n${error.message}`);
        if (error instanceof FileLocked) throw new CliError(`the principals cannot be changed: ${error.message}`);
        throw error;
      }
    },
  };
}

interface Change {
  readonly action: 'add' | 'passwd' | 'rm';
  readonly authid: string;
  readonly file: string;
}

function changeOf(action: string | undefined, authid: string | undefined, file: string): Change {
  if (action !== 'add' && action !== 'passwd' && action !== 'rm') {
    throw new CliError(`user: expected add, passwd, ls or rm, received "${printable(action ?? '')}"`);
  }
  if (authid === undefined) {
    throw new CliError(`user ${action}: the name of the principal is missing: wampway user ${action} NAME`);
  }
  return { action, authid, file };
}

async function change(
  { action, authid, file }: Change,
  options: CliOptions,
  io: CliIo,
  environment: Environment,
): Promise<number> {
  const added = action === 'add' ? attributesOf(options) : undefined;
  const { stored, shown } = action === 'rm' ? { stored: {}, shown: '' } : await secretsOf(options);
  await PrincipalsDocument.update(file, environment, document => {
    if ((action === 'add') === document.has(authid)) {
      const problem = action === 'add' ? 'already contains a principal of this name' : 'contains no such principal';
      throw new CliError(`${file} ${problem}`);
    }
    if (added !== undefined) document.add({ authid, ...added, ...stored });
    else if (action === 'rm') document.remove(authid);
    else document.change(authid, stored);
  });
  io.stdout.write(shown);
  io.stderr.write(`${file}: ${printable(authid)} ${action === 'rm' ? 'removed' : 'written'}\n`);
  return ExitCode.Ok;
}

/** The file that `--file` or the configuration names, otherwise `principals.yaml` in the current folder. */
function fileOf(options: CliOptions, bridges: readonly Bridge[], environment: Environment): string {
  const named = text(options, 'file');
  if (named !== undefined) return named;
  const config = configFile(options['config'], environment);
  if (config === undefined) return 'principals.yaml';
  const { principals } = loadConfig({ file: config, environment, bridges, withoutPrincipals: true });
  if (typeof principals === 'string') return principals;
  throw new CliError(
    `${config} contains the principals itself: write "principals: principals.yaml" there, or use --file`,
  );
}

interface Secrets {
  /** The hashes or keys to store. */
  readonly stored: Pick<PrincipalInput, 'ticket' | 'scram' | 'cryptosign'>;
  /** The created password, which is printed after it was stored, or an empty text. */
  readonly shown: string;
}

/** Role and realms of a new principal. */
function attributesOf(options: CliOptions): Pick<PrincipalInput, 'role' | 'realms'> {
  const role = text(options, 'role');
  if (role === undefined) throw new CliError('user add: the role is missing: use --role, for example --role device');
  const realms = options['realm'];
  return { role, ...(Array.isArray(realms) && { realms: [...realms] }) };
}

async function secretsOf(options: CliOptions): Promise<Secrets> {
  const key = text(options, 'key');
  if (key !== undefined) return { stored: { cryptosign: [key] }, shown: '' };
  const file = text(options, 'passwordFile');
  if (file !== undefined) return { stored: await hashesOf(readSecret(file)), shown: '' };
  const password = randomBytes(18).toString('base64url');
  const shown = options['json'] === true ? jsonText({ password }) : `password: ${password}`;
  return { stored: await hashesOf(password), shown: `${shown}\n` };
}

/** Returns the stored form of a password. The password cannot be computed from it. */
async function hashesOf(password: string): Promise<Pick<PrincipalInput, 'ticket' | 'scram'>> {
  // Loaded here, because no other command needs them.
  const [{ hashTicket }, { scramKeys }] = await Promise.all([
    import('../../auth/methods/ticket-hash.ts'),
    import('../../auth/methods/wamp-scram.ts'),
  ]);
  const { kdf, iterations, salt, storedKey, serverKey } = scramKeys(password, randomBytes(16), SCRAM_COST);
  const ticket = await hashTicket(password);
  return {
    ticket,
    scram: {
      ...{ kdf, iterations, salt },
      storedKey: storedKey.toString('base64'),
      serverKey: serverKey.toString('base64'),
    },
  };
}

function list(file: string, options: CliOptions, io: CliIo, environment: Environment): number {
  const rows = principalsIn(file, environment).map(rowOf);
  if (options['json'] === true) {
    for (const row of rows) io.stdout.write(`${jsonText(row)}\n`);
    return ExitCode.Ok;
  }
  const width = Math.max(0, ...rows.map(({ authid }) => authid.length));
  for (const { authid, role, realms, methods } of rows) {
    const where = realms === undefined ? 'every realm' : realms.join(', ');
    io.stdout.write(
      `${printable(authid.padEnd(width))}  ${printable(role)}  ${printable(where)}  ${methods.join(', ')}\n`,
    );
  }
  return ExitCode.Ok;
}

function rowOf({ authid, role, realms, ticket, wampcra, scram, cryptosign, certificates }: PrincipalConfig) {
  const methods = Object.entries({ ticket, wampcra, 'wamp-scram': scram, cryptosign, tls: certificates });
  return { authid, role, realms, methods: methods.flatMap(([method, secret]) => (secret === undefined ? [] : method)) };
}
