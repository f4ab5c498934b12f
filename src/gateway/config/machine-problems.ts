import { statSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, resolve } from 'node:path';
import { TlsFault, tlsOptions } from '../tls-files.ts';
import { reasonOf } from './bounded-file.ts';
import type { ConfigPath } from './config-problem.ts';
import type { GatewayConfig } from './config-schema.ts';
import { tlsSchema } from './tls-schema.ts';

export interface MachineProblem {
  readonly path: ConfigPath;
  readonly text: string;
}

/** The longest path of a Unix socket, in bytes, on every system that we run on. */
const MAX_UNIX_PATH = 103;

/** What the configuration names on this machine and is not there: files of TLS, folders of pages, addresses. */
export function machineProblems(config: GatewayConfig): MachineProblem[] {
  const ofListeners = config.listeners.flatMap((listener, index) => {
    const path = ['listeners', index];
    return [
      ...tlsProblems(listener.tls, path),
      ...(listener.type === 'web' ? folderProblems(listener.folders, [...path, 'folders']) : []),
      ...(listener.type === 'rawsocket' && listener.unix !== undefined
        ? unixProblems(listener.unix, [...path, 'unix'])
        : addressProblems(listener.host, [...path, 'host'])),
    ];
  });
  const ofBridges = Object.entries(config.bridges).flatMap(([name, section]) => {
    if (typeof section !== 'object' || section === null) return [];
    const tls = 'tls' in section ? tlsSchema.unwrap().loose().safeParse(section.tls) : undefined;
    const path = ['bridges', name];
    return [
      ...(tls?.success === true ? tlsProblems(tls.data, path) : []),
      ...('host' in section && 'port' in section ? addressProblems(String(section.host), [...path, 'host']) : []),
    ];
  });
  return [...ofListeners, ...ofBridges];
}

function tlsProblems(tls: Parameters<typeof tlsOptions>[0] | undefined, path: ConfigPath): MachineProblem[] {
  if (tls === undefined) return [];
  try {
    tlsOptions(tls);
    return [];
  } catch (error) {
    if (!(error instanceof TlsFault)) throw error;
    return [{ path: [...path, 'tls', error.place], text: error.message }];
  }
}

function folderProblems(folders: Readonly<Record<string, string>>, path: ConfigPath): MachineProblem[] {
  return Object.entries(folders).flatMap(([name, folder]) => {
    const why = whyNoFolder(folder);
    return why === undefined ? [] : [{ path: [...path, name], text: `cannot be served: ${folder}: ${why}` }];
  });
}

function unixProblems(unix: string, path: ConfigPath): MachineProblem[] {
  if (Buffer.byteLength(unix) > MAX_UNIX_PATH)
    return [{ path, text: `is too long for a Unix socket: at most ${MAX_UNIX_PATH} bytes` }];
  const folder = dirname(resolve(unix));
  const why = whyNoFolder(folder);
  return why === undefined ? [] : [{ path, text: `cannot be listened on: ${folder}: ${why}` }];
}

function addressProblems(host: string, path: ConfigPath): MachineProblem[] {
  const address = host.replace(/%.*$/, '').toLowerCase();
  if (isIP(address) === 0 || ['0.0.0.0', '::', '::1'].includes(address) || address.startsWith('127.')) return [];
  // Others may be listened on all the same; IPv6 has many spellings of each, so only those of IPv4 are told.
  if (isIP(address) === 6) return [];
  const own = Object.values(networkInterfaces()).flatMap((infos = []) => infos.map(({ address: one }) => one));
  if (own.includes(address)) return [];
  return [{ path, text: `${host} is no address of this machine: use 127.0.0.1, 0.0.0.0 or one that it has` }];
}

const NOT_THERE = 'there is no such folder';

/** Why `path` is not a folder; undefined if it is one. */
function whyNoFolder(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : 'it is no folder';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return NOT_THERE;
    return code === 'ENOTDIR' ? 'a part of the path is no folder' : reasonOf(error);
  }
}
