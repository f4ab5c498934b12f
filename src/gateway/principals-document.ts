import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import { readBounded } from './config/bounded-file.ts';
import { loadPrincipals, parsePrincipals } from './config/load-principals.ts';
import type { PrincipalConfig, PrincipalInput } from './config/principal-schema.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const MAX_FILE = 8 * 1024 * 1024;

const HEAD = ` Who may join, and by what. Written by "wampway user", and may be written by hand; a running gateway reads it again.
 Nobody but its owner may read it.`;

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

  /** Opens a file, or begins a new one. Throws `ConfigError` where what is there cannot be used. */
  static open(file: string, environment: Environment): PrincipalsDocument {
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
   * Writes it whole or not at all, whatever happens meanwhile: beside the old one, to the disk, and then in its place.
   * Throws `ConfigError`, and writes nothing, where a gateway could not read it again.
   */
  save(): void {
    const text = this.#document.toString({ lineWidth: 0 });
    parsePrincipals(this.#file, text, { environment: this.#environment });
    const path = resolve(this.#file);
    const fresh = `${path}.${randomBytes(6).toString('hex')}`;
    const handle = openSync(fresh, 'wx', 0o600);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
      closeSync(handle);
      renameSync(fresh, path);
    } catch (error) {
      rmSync(fresh, { force: true });
      throw error;
    }
    syncFolder(dirname(path));
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
