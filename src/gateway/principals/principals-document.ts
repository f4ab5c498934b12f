import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import { loadPrincipals, parsePrincipals } from '../config/load-principals.ts';
import type { PrincipalConfig, PrincipalInput } from '../config/principal-schema.ts';
import { readBounded } from '../config/values/bounded-file.ts';
import { withFileLock } from '../support/file-lock.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const MAX_FILE = 8 * 1024 * 1024;

/** Maximum of attempts if other processes change the file at the same time. */
const MAX_TRIES = 5;

const HEAD = ` Principals: their names, roles and credentials. Written by "wampway user", and may be edited by hand. A running
 gateway reloads it. Only its owner may have access.`;

/** A file of principals that can be changed. Comments and order are kept. */
export class PrincipalsDocument {
  readonly #file: string;
  readonly #document: Document;
  readonly #environment: Environment;

  private constructor(file: string, document: Document, environment: Environment) {
    this.#file = file;
    this.#document = document;
    this.#environment = environment;
  }

  /**
   * Changes a file or creates it: reads it, calls `change`, and writes it atomically. A lock serializes the changes of
   * several processes, so none is lost. If another process breaks the lock, `change` runs again.
   * Rejects with `ConfigError` if the file cannot be used, or would not be readable afterwards (then nothing is
   * written). Rejects with `FileLocked` if another process does not finish its change.
   */
  static async update<T>(
    file: string,
    environment: Environment,
    change: (document: PrincipalsDocument) => T,
  ): Promise<T> {
    const path = existsSync(file) ? realpathSync(file) : resolve(file);
    for (let tries = 1; ; tries++) {
      const done = await withFileLock(path, ({ isHeld }) => {
        const document = PrincipalsDocument.#open(file, environment);
        const result = change(document);
        return document.#save(path, isHeld) ? { result } : undefined;
      });
      if (done !== undefined) return done.result;
      if (tries === MAX_TRIES)
        throw new Error(`${file} was changed by other processes ${MAX_TRIES} times; nothing was written`);
    }
  }

  /** Opens a file or begins a new one. Throws `ConfigError` if the file cannot be used. */
  static #open(file: string, environment: Environment): PrincipalsDocument {
    if (existsSync(file)) {
      loadPrincipals(file, { environment });
      // Parsed again as a document, so that tags such as !env are kept.
      return new PrincipalsDocument(
        file,
        parseDocument(readBounded(file, MAX_FILE), { logLevel: 'silent' }),
        environment,
      );
    }
    const document = parseDocument('version: 1\n');
    document.commentBefore = HEAD;
    return new PrincipalsDocument(file, document, environment);
  }

  has(authid: string): boolean {
    return this.#indexOf(authid) !== undefined;
  }

  add(principal: PrincipalInput): void {
    if (!this.#document.has('pepper')) this.#document.set('pepper', randomBytes(32).toString('base64'));
    if (!isSeq(this.#document.get('principals'))) this.#document.set('principals', this.#document.createNode([]));
    this.#document.addIn(['principals'], this.#document.createNode(principal));
  }

  /** Replaces the given settings of a principal. The others stay. */
  change(authid: string, changes: Partial<PrincipalInput>): void {
    const index = this.#indexOf(authid);
    for (const [key, value] of Object.entries(changes)) {
      this.#document.setIn(['principals', index, key], this.#document.createNode(value));
    }
  }

  remove(authid: string): void {
    this.#document.deleteIn(['principals', this.#indexOf(authid)]);
  }

  /**
   * Writes a new file, flushes it to the disk and renames it over the old one. Returns false and writes nothing if the
   * lock is lost. Throws `ConfigError` and writes nothing if a gateway could not read the result.
   */
  #save(path: string, isHeld: () => boolean): boolean {
    const text = this.#document.toString({ lineWidth: 0 });
    parsePrincipals(this.#file, text, { environment: this.#environment });
    const fresh = `${path}.${randomBytes(6).toString('hex')}`;
    const handle = openSync(fresh, 'wx', 0o600);
    try {
      try {
        keepOwner(handle, path);
        writeSync(handle, text);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      if (!isHeld()) return false;
      renameSync(fresh, path);
    } finally {
      rmSync(fresh, { force: true });
    }
    syncFolder(dirname(path));
    return true;
  }

  #indexOf(authid: string): number | undefined {
    const list = this.#document.get('principals');
    if (!isSeq(list)) return undefined;
    const index = list.items.findIndex(item => isMap(item) && item.get('authid') === authid);
    return index < 0 ? undefined : index;
  }
}

/** All principals of a file. */
export function principalsIn(file: string, environment: Environment): readonly PrincipalConfig[] {
  return loadPrincipals(file, { environment }).principals;
}

/** Keeps the owner if root changes the file, so that the gateway's user can still read it. */
function keepOwner(handle: number, path: string): void {
  const before = statSync(path, { throwIfNoEntry: false });
  if (before !== undefined && process.getuid?.() === 0) fchownSync(handle, before.uid, before.gid);
}

function syncFolder(folder: string): void {
  // Windows cannot open folders.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
