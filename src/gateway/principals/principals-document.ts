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

/** Changes that another process has overtaken are made anew so many times. */
const MAX_TRIES = 5;

const HEAD = ` Who may join, and by what. Written by "wampway user", and may be written by hand; a running gateway reads it again.
 Only its owner may read it.`;

/** A file of principals, to be changed: comments and order stay as they are. */
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
   * Changes a file, or makes a new one: reads it, calls `change`, and writes it whole or not at all. Changes of several
   * processes are made one after the other, so none is lost. `change` may run again, if another process has broken the
   * lock. Rejects with `ConfigError` if the file cannot be used, or would not be readable afterwards (then nothing is
   * written), and with `FileLocked` if another process does not finish its change.
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
      if (tries === MAX_TRIES) throw new Error(`${file} was changed by others again and again; nothing is written`);
    }
  }

  /** Opens a file, or begins a new one. Throws `ConfigError` if what is there cannot be used. */
  static #open(file: string, environment: Environment): PrincipalsDocument {
    if (existsSync(file)) {
      loadPrincipals(file, { environment });
      // Tags such as !env stay what they are.
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

  /** What one principal's entry says, secrets included; undefined where there is none. */
  has(authid: string): boolean {
    return this.#indexOf(authid) !== undefined;
  }

  add(principal: PrincipalInput): void {
    if (!this.#document.has('pepper')) this.#document.set('pepper', randomBytes(32).toString('base64'));
    if (!isSeq(this.#document.get('principals'))) this.#document.set('principals', this.#document.createNode([]));
    this.#document.addIn(['principals'], this.#document.createNode(principal));
  }

  /** Gives `authid` what `changes` names; the rest stays. */
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
   * Writes it beside the old one, to the disk, and then in its place. False, and nothing is written, if the lock is lost.
   * Throws `ConfigError`, and writes nothing, if a gateway could not read it again.
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

/** All principals of a file, for showing. */
export function principalsIn(file: string, environment: Environment): readonly PrincipalConfig[] {
  return loadPrincipals(file, { environment }).principals;
}

/** If root changes the file, the gateway's user may read it as before. */
function keepOwner(handle: number, path: string): void {
  const before = statSync(path, { throwIfNoEntry: false });
  if (before !== undefined && process.getuid?.() === 0) fchownSync(handle, before.uid, before.gid);
}

function syncFolder(folder: string): void {
  // Windows opens no folders.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
