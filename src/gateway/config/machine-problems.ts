import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorCode } from '../../base/error-code.ts';
import { TlsFault, tlsOptions } from '../tls/tls-files.ts';
import type { GatewayConfig, ListenerConfig } from './config-schema.ts';
import { reasonOf } from './values/bounded-file.ts';
import type { ConfigPath } from './values/config-problem.ts';
import { tlsSchema } from './values/tls-schema.ts';

export interface MachineProblem {
  readonly path: ConfigPath;
  readonly text: string;
}

/** Maximum length of the path of a Unix socket, in bytes, that all supported systems allow. */
const MAX_UNIX_PATH = 103;

/** Problems with files and folders of the configuration: TLS files, folders of pages, Unix sockets. */
export function machineProblems(config: GatewayConfig): MachineProblem[] {
  const ofListeners = config.listeners.flatMap((listener, index) => {
    const path = ['listeners', index];
    return [
      ...tlsProblems(listener.tls, path),
      ...(listener.type === 'web' ? folderProblems(listener.folders, [...path, 'folders']) : []),
      ...(unixOf(listener) === undefined ? [] : unixProblems(config, index)),
    ];
  });
  const ofBridges = Object.entries(config.bridges).flatMap(([name, section]) => {
    if (typeof section !== 'object' || section === null) return [];
    const tls = 'tls' in section ? tlsSchema.unwrap().loose().safeParse(section.tls) : undefined;
    const path = ['bridges', name];
    return tls?.success === true ? tlsProblems(tls.data, path) : [];
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

function unixOf(listener: ListenerConfig | undefined): string | undefined {
  return listener?.type === 'rawsocket' ? listener.unix : undefined;
}

function unixProblems({ listeners }: GatewayConfig, index: number): MachineProblem[] {
  const unix = unixOf(listeners[index]) ?? '';
  const path = ['listeners', index, 'unix'];
  if (Buffer.byteLength(unix) > MAX_UNIX_PATH)
    return [{ path, text: `is too long for a Unix socket: at most ${MAX_UNIX_PATH} bytes` }];
  const file = resolve(unix);
  const first = listeners.slice(0, index).findIndex(other => resolve(unixOf(other) ?? '/') === file);
  if (first >= 0) return [{ path, text: `cannot be listened on: listeners[${first}] already uses this socket` }];
  const why = whyNoFolder(dirname(file)) ?? whyNotWritable(dirname(file));
  if (why !== undefined) return [{ path, text: `cannot be listened on: ${dirname(file)}: ${why}` }];
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || found.isSocket()) return [];
  return [{ path, text: `cannot be listened on: ${file} exists and is not a socket: choose another path` }];
}

const NOT_THERE = 'there is no such folder';

/** The reason why this user cannot create files in a folder. Undefined if it can. */
export function whyNotWritable(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    return code === 'EROFS' ? 'its file system is read-only' : 'this user may not create files in it';
  }
}

/** The reason why `path` is not a folder. Undefined if it is one. */
function whyNoFolder(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : 'it is not a folder';
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return NOT_THERE;
    return code === 'ENOTDIR' ? 'a part of the path is not a folder' : reasonOf(error);
  }
}
