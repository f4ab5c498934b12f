import { PassThrough, type Writable } from 'node:stream';
import { callCommand } from '../../src/cli/peer/call.ts';
import { pubCommand } from '../../src/cli/peer/pub.ts';
import { registerCommand } from '../../src/cli/peer/register.ts';
import { subCommand } from '../../src/cli/peer/sub.ts';
import { runProgram } from '../../src/cli/program.ts';
import { until } from '../support/until.ts';

/** The client commands run in this process, through the real parser. */
export class CommandRun {
  readonly exitCode: Promise<number>;
  readonly #abort = new AbortController();
  #stdout = '';
  #stderr = '';

  constructor(...args: string[]) {
    const io = {
      stdout: this.#collect(text => {
        this.#stdout += text;
      }),
      stderr: this.#collect(text => {
        this.#stderr += text;
      }),
      stdin: new PassThrough(),
      signal: this.#abort.signal,
    };
    const commands = [pubCommand, subCommand, callCommand, registerCommand];
    this.exitCode = runProgram({ name: 'wampway', summary: '', version: '0', commands }, args, io);
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Complete lines of stdout. */
  get lines(): string[] {
    return this.#stdout.split('\n').slice(0, -1);
  }

  /** Waits until it has said on stderr that it is at work. */
  async ready(): Promise<this> {
    await until('the command is ready', () => /^(subscribed to|registered) .*\n/m.test(this.#stderr));
    return this;
  }

  /** What Ctrl-C does. */
  stop(): Promise<number> {
    this.#abort.abort();
    return this.exitCode;
  }

  #collect(add: (text: string) => void): Writable {
    const stream = new PassThrough();
    stream.setEncoding('utf8').on('data', add);
    return stream;
  }
}

/** Runs a command to its end. */
export async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = new CommandRun(...args);
  const code = await command.exitCode;
  // What was written last arrives in a later turn.
  await new Promise(resolve => setImmediate(resolve));
  return { code, stdout: command.stdout, stderr: command.stderr };
}
