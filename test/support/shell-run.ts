import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The compiled program. */
export const wampwayMain = join(dirname(fileURLToPath(import.meta.url)), '../../src/main.js');

/** A shell script that runs the program as a process. `$WAMPWAY` stands for it, `$ROUTER` for `url`. */
export class ShellRun {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = '';
  stderr = '';

  constructor(script: string, url = '', environment: Readonly<Record<string, string>> = {}) {
    this.child = spawn('/bin/sh', ['-c', script], {
      env: { ...process.env, WAMPWAY: `${process.execPath} ${wampwayMain}`, ROUTER: url, ...environment },
    });
    this.child.stdout.on('data', data => {
      this.stdout += String(data);
    });
    this.child.stderr.on('data', data => {
      this.stderr += String(data);
    });
  }

  async exit(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return this.child.exitCode;
  }
}
