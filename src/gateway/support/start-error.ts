import { ConfigError } from '../config/values/config-problem.ts';

/** The gateway cannot start with its configuration. The message is one line: the setting, the reason, what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

interface SystemError {
  readonly code: string;
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** Reasons why the operating system refuses a socket, with a remedy, by error code. */
const explanations: Readonly<Record<string, (place: string) => string>> = {
  EADDRINUSE: place => `${place} is taken by another program: stop that one, or choose another`,
  EACCES: place =>
    place.startsWith('/')
      ? `this user may not use ${place}: grant the permission, or choose another path`
      : `this user may not use ${place}: choose a port above 1023, or grant the permission`,
  EPERM: place => `this user may not use ${place}: grant the permission`,
  EADDRNOTAVAIL: place => `${place} is not an address of this machine: use 127.0.0.1, 0.0.0.0 or one that it has`,
  ENOTFOUND: place => `there is no host named ${place}: use an address, or correct the name`,
  EAI_AGAIN: place => `the host named ${place} cannot be looked up now: use an address`,
  EINVAL: place => `${place} cannot be listened on`,
  EAFNOSUPPORT: place => `this machine does not support addresses such as ${place}`,
  ENOENT: place => `the folder of ${place} does not exist: make it, or choose another path`,
  ENOTDIR: place => `a part of the path of ${place} is not a folder`,
};

/**
 * Converts an error that the configuration or the machine has caused. `what` is the part that failed (`listeners[0]`,
 * `bridge mqtt`), `change` is the setting to change. Undefined if the cause is an error in the program.
 */
export function startErrorOf(error: unknown, what: string, change: string): StartError | undefined {
  if (error instanceof StartError) return error;
  if (error instanceof ConfigError) return new StartError(`${what} cannot start: ${error.message}`, { cause: error });
  const system = systemErrorOf(error);
  const explain = system === undefined ? undefined : explanations[system.code];
  if (system === undefined || explain === undefined) return undefined;
  const { address, port } = system;
  const host = address?.includes(':') === true && port !== undefined ? `[${address}]` : address;
  const place = host === undefined ? 'the port' : port === undefined || port < 0 ? host : `${host}:${port}`;
  return new StartError(`${what} cannot start: ${explain(place)} (${change})`, { cause: error });
}

/** Finds the error of the operating system in `error` or its causes. */
function systemErrorOf(error: unknown, depth = 0): SystemError | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined;
  if ('code' in error && typeof error.code === 'string' && error.code in explanations) {
    return {
      code: error.code,
      address: textOf(error, 'address') ?? textOf(error, 'hostname'),
      port: 'port' in error && typeof error.port === 'number' ? error.port : undefined,
    };
  }
  return systemErrorOf(error.cause, depth + 1);
}

function textOf(error: object, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}
