import type { PrincipalRecord } from '../../auth/principals/principal-record.ts';
import type { Logger } from '../../base/logger.ts';
import { loadPrincipals } from '../config/load-principals.ts';
import { ConfigError } from '../config/values/config-problem.ts';
import { FileWatch } from '../support/file-watch.ts';
import { StartError } from '../support/start-error.ts';
import { principalRecords } from './configured-principals.ts';
import { PrincipalsDocument } from './principals-document.ts';

export interface PrincipalWatchOptions {
  readonly file: string;
  readonly realms: readonly string[];
  readonly log: Logger;
  /** Called with the content of the file at the start and after each change. */
  readonly changed: (records: readonly PrincipalRecord[], pepper: Uint8Array | undefined) => void;
}

/**
 * Reads a file of principals and watches it. If a new version is not valid, it is logged and the previous one stays.
 */
export class PrincipalWatch {
  readonly #options: PrincipalWatchOptions;
  #watch: FileWatch | undefined;

  constructor(options: PrincipalWatchOptions) {
    this.#options = options;
  }

  /** Reads the file, and again after each change. Throws `StartError` if it cannot be used. */
  start(): void {
    this.#watch = new FileWatch(this.#options.file);
    try {
      this.#read();
    } catch (error) {
      if (error instanceof ConfigError) throw new StartError(`the file of principals cannot be used\n${error.message}`);
      throw error;
    }
    this.#watch.start(() => this.#again());
  }

  /** Changes the file and reads it again at once. Rejects if the file cannot be changed. */
  async change(change: (document: PrincipalsDocument) => void): Promise<void> {
    await PrincipalsDocument.update(this.#options.file, process.env, change);
    this.#read();
  }

  stop(): void {
    this.#watch?.stop();
  }

  #again(): void {
    const { file, log } = this.#options;
    try {
      const count = this.#read();
      log.info({ file, count }, 'principals reloaded');
    } catch (error) {
      const problems = error instanceof ConfigError ? error.message : String(error);
      log.error({ file, problems }, 'the new file of principals cannot be used; keeping the previous principals');
    }
  }

  #read(): number {
    const { file, realms, changed } = this.#options;
    const { principals, pepper } = loadPrincipals(file, { environment: process.env, realms });
    changed(principalRecords(principals), pepper === undefined ? undefined : Buffer.from(pepper, 'base64'));
    return principals.length;
  }
}
