import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PrivateCa } from '../../src/cli/keys/private-ca.ts';

/** Certificates for one test, from an authority of its own. */
export class Certificates implements Disposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** An authority, a server `localhost`, `127.0.0.1` and `gateway.test`, and devices. */
  static async make(...devices: readonly string[]): Promise<Certificates> {
    const made = new Certificates(mkdtempSync(join(tmpdir(), 'wampway-certificates-')));
    const ca = new PrivateCa(made.folder);
    await ca.createCa('test authority');
    await ca.createServer(['localhost', '127.0.0.1', 'gateway.test']);
    for (const device of devices) await ca.createDevice(device);
    return made;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
