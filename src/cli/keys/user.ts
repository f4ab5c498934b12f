import { randomBytes } from 'node:crypto';
import type { Bridge } from '../../gateway/bridge/bridge.ts';
import { loadConfig } from '../../gateway/config/load-config.ts';
import type { PrincipalConfig, PrincipalInput } from '../../gateway/config/principal-schema.ts';
import { ConfigError } from '../../gateway/config/values/config-problem.ts';
import { PrincipalsDocument, principalsIn } from '../../gateway/principals/principals-document.ts';
import { FileLocked } from '../../gateway/support/file-lock.ts';
import { type CliCommand, CliError, type CliIo, type CliOptions, ExitCode } from '../command/command.ts';
import { jsonText, printable } from '../command/json-text.ts';
import { readSecret } from '../command/login-options.ts';
import { text } from '../command/option-values.ts';
import { configFile } from '../gateway/check.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What guessing one password costs whoever has stolen the file. */
const SCRAM_COST = { kdf: 'pbkdf2', iterations: 16_384, memory: null } as const;

/** `wampway user`: who may join, in a file of principals. */
export function userCommand(bridges: readonly Bridge[], environment: Environment): CliCommand {
  return {
    name: 'user',
    summary: 'add, change, list and remove principals: who may join',
    arguments: [
      { name: 'what', summary: 'add, passwd, ls or rm', required: true },
      { name: 'authid', summary: 'the name of the principal', required: false },
    ],
    options: [
      { flags: '-c, --config <file>', summary: 'the configuration that names the file (default: WAMPWAY_CONFIG)' },
      { flags: '-f, --file <file>', summary: 'the file of principals, instead of what the configuration names' },
      { flags: '--role <role>', summary: 'add: its role (authrole)' },
      {
        flags: '--realm <name>',
        summary: 'add: a realm that it may join, instead of all; may be repeated',
        repeatable: true,
      },
      { flags: '--password-file <file>', summary: 'add, passwd: its password is the first line of this file' },
      {
        flags: '--key <hex>',
        summary: 'add, passwd: a public key instead of a password, as "wampway key new" prints it',
      },
      { flags: '--json', summary: 'print JSON, for scripts' },
    ],
    examples: [
      {
        command: 'wampway user add pump --role device',
        shows: 'makes a password, prints it once, and stores its hash',
      },
      { command: 'wampway user add joe --role admin --password-file secret', shows: 'takes the password from a file' },
      { command: 'wampway user ls', shows: 'names everybody, with role and methods, without secrets' },
    ],
    async run([what, authid], options, io) {
      try {
        const file = fileOf(options, bridges, environment);
        if (what === 'ls') return list(file, options, io, environment);
        if (what !== 'add' && what !== 'passwd' && what !== 'rm') {
          throw new CliError(`user: "${printable(what ?? '')}" is not known; it is: user add | passwd | ls | rm`);
        }
        if (authid === undefined) throw new CliError(`user ${what}: name the principal: wampway user ${what} NAME`);
        const added = what === 'add' ? newcomer(options) : undefined;
        const { stored, shown } = what === 'rm' ? { stored: {}, shown: '' } : await secretsOf(options);
        await PrincipalsDocument.update(file, environment, document => {
          if ((what === 'add') === document.has(authid)) {
            throw new CliError(
              `${file} ${what === 'add' ? 'has a principal of this name already' : 'has no such principal'}`,
            );
          }
          if (added !== undefined) document.add({ authid, ...added, ...stored });
          else if (what === 'rm') document.remove(authid);
          else document.change(authid, stored);
        });
        io.stdout.write(shown);
        io.stderr.write(`${file}: ${printable(authid)} ${what === 'rm' ? 'removed' : 'written'}\n`);
        return ExitCode.Ok;
      } catch (error) {
        if (error instanceof ConfigError) throw new CliError(`the principals cannot be used\n${error.message}`);
        if (error instanceof FileLocked) throw new CliError(`the principals cannot be changed: ${error.message}`);
        throw error;
      }
    },
  };
}

/** The file that `--file` or the configuration names; without either, `principals.yaml` here. */
function fileOf(options: CliOptions, bridges: readonly Bridge[], environment: Environment): string {
  const named = text(options, 'file');
  if (named !== undefined) return named;
  const config = configFile(options['config'], environment);
  if (config === undefined) return 'principals.yaml';
  const { principals } = loadConfig({ file: config, environment, bridges, withoutPrincipals: true });
  if (typeof principals === 'string') return principals;
  throw new CliError(`${config} has its principals in it: say "principals: principals.yaml" there, or use --file`);
}

/** What is stored of somebody, and what is shown, once that is done: a password that was made. */
interface Secrets {
  readonly stored: Pick<PrincipalInput, 'ticket' | 'scram' | 'cryptosign'>;
  readonly shown: string;
}

/** What `user add` says of a principal beside its secrets. */
function newcomer(options: CliOptions): Pick<PrincipalInput, 'role' | 'realms'> {
  const role = text(options, 'role');
  if (role === undefined) throw new CliError('user add: say what it is with --role, such as --role device');
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

/** What is stored of a password: nothing that it could be read from. */
async function hashesOf(password: string): Promise<Pick<PrincipalInput, 'ticket' | 'scram'>> {
  // Loaded only now: no other command needs them.
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
