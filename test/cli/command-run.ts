import { PassThrough, type Writable } from 'node:stream';
import { callCommand } from '../../src/cli/peer/call.ts';
import { pubCommand } from '../../src/cli/peer/pub.ts';
import { registerCommand } from '../../src/cli/peer/register.ts';
import { subCommand } from '../../src/cli/peer/sub.ts';
import { runProgram } from '../../src/cli/program.ts';
import { until } from '../support/until.ts';

/** A client command that runs in the process of the test, with the real parser. */
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

  /** Waits until the command has printed on stderr that it is subscribed or registered. */
  async ready(): Promise<this> {
    await until('the command is ready', () => /^(subscribed to|registered) .*\n/m.test(this.#stderr));
    return this;
  }

  /** Stops the command, as Ctrl-C does. */
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

/** Runs a command until it ends. */
export async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = new CommandRun(...args);
  const code = await command.exitCode;
  // The last output arrives in a later turn of the event loop.
  await new Promise(resolve => setImmediate(resolve));
  return { code, stdout: command.stdout, stderr: command.stderr };
}
