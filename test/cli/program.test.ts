import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { type CliCommand, CliError, type CliOptions, ExitCode } from '../../src/cli/command/command.ts';
import { runProgram } from '../../src/cli/program.ts';

interface Call {
  args: readonly string[];
  options: CliOptions;
}

async function run(args: readonly string[], answer: () => Promise<number> = async () => ExitCode.Ok) {
  const calls: Call[] = [];
  const lamp: CliCommand = {
    name: 'lamp',
    summary: 'switch a lamp',
    arguments: [
      { name: 'name', summary: 'which', required: true },
      { name: 'value', summary: 'to what', required: false, variadic: true },
    ],
    options: [
      { flags: '-r, --realm <name>', summary: 'the realm', default: 'realm1' },
      { flags: '--mode <mode>', summary: 'how', choices: ['fast', 'slow'] },
      { flags: '--tag <tag>', summary: 'a tag', repeatable: true },
      { flags: '--max-wait <ms>', summary: 'how long' },
      { flags: '--json', summary: 'as JSON' },
      { flags: '--demo', summary: 'with' },
      { flags: '--no-demo', summary: 'without' },
    ],
    examples: [{ command: 'lamps lamp desk on', shows: 'switches it on' }],
    run(args, options) {
      calls.push({ args, options: { ...options } });
      return answer();
    },
  };
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const io = { stdout, stderr, stdin: new PassThrough(), signal: new AbortController().signal };
  const program = { name: 'lamps', summary: 'lamps, switched', version: '1.2.3', commands: [lamp] };
  try {
    const exitCode = await runProgram(program, args, io);
    return { exitCode, calls, ...(await ended()) };
  } finally {
    stdout.end();
    stderr.end();
  }
  async function ended() {
    stdout.end();
    stderr.end();
    return { out: await text(stdout), err: await text(stderr) };
  }
}

describe('program', () => {
  it('passes arguments and options to a command', async () => {
    const flags = ['--tag', 'a', '--tag', 'b', '--max-wait', '3', '--json'];
    for (const args of [
      ['lamp', ...flags, 'desk', 'on', '-5'],
      ['lamp', ...flags, '--', 'desk', 'on', '-5'],
    ]) {
      const { exitCode, calls } = await run(args);
      assert.equal(exitCode, 0);
      const options = { realm: 'realm1', tag: ['a', 'b'], maxWait: '3', json: true };
      assert.deepEqual(calls, [{ args: ['desk', 'on', '-5'], options }]);
    }
  });

  it('distinguishes a switch, its negation, and a missing switch', async () => {
    const demo = async (...flags: string[]) => (await run(['lamp', 'x', ...flags])).calls[0]?.options['demo'];
    assert.deepEqual([await demo(), await demo('--demo'), await demo('--no-demo')], [undefined, true, false]);
  });

  it('ends with the exit code of the command', async () => {
    assert.equal((await run(['lamp', 'x'], async () => 1)).exitCode, 1);
  });

  it('prints a CliError as one line', async () => {
    const { exitCode, err } = await run(['lamp', 'x'], () => Promise.reject(new CliError('no router')));
    assert.deepEqual([exitCode, err], [2, 'lamps: no router\n']);
    const rejected = await run(['lamp', 'x'], () => Promise.reject(new CliError('no', ExitCode.Failed)));
    assert.equal(rejected.exitCode, 1);
  });

  it('rethrows any other error', async () => {
    await assert.rejects(
      run(['lamp', 'x'], () => Promise.reject(new TypeError('bug'))),
      TypeError,
    );
  });

  it('ends with exit code 2 on invalid usage, and names the error and the help', async () => {
    for (const [args, error] of [
      [['lmap'], /unknown command 'lmap'\n\(Did you mean lamp\?\)\nRun "lamps --help"/],
      [['lamp'], /missing required argument 'name'\nRun "lamps lamp --help"/],
      [['lamp', 'x', '--jsn'], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
      [['lamp', 'x', '--mode', 'odd'], /Allowed choices are fast, slow/],
      [['lamp', 'x', '--realm'], /argument missing/],
    ] as const) {
      const { exitCode, err, calls } = await run(args);
      assert.equal(exitCode, 2);
      assert.match(err, error);
      assert.match(err, /^lamps: /);
      assert.deepEqual(calls, []);
    }
  });

  it('prints help for the program and each command, with examples', async () => {
    const root = await run(['--help']);
    assert.equal(root.exitCode, 0);
    assert.match(root.out, /lamps, switched[\s\S]*lamp .*switch a lamp[\s\S]*Examples:\n {2}lamps lamp desk on/);
    const lamp = await run(['lamp', '--help']);
    assert.equal(lamp.exitCode, 0);
    assert.match(
      lamp.out,
      /Usage: lamps lamp \[options\] <name> \[value\.\.\.\][\s\S]*Examples:\n {2}lamps lamp desk on\n {6}switches/,
    );
    const none = await run([]);
    assert.equal(none.exitCode, 2);
    assert.match(none.err, /Usage: lamps/);
  });

  it('prints its version', async () => {
    const { exitCode, out } = await run(['--version']);
    assert.deepEqual([exitCode, out], [0, '1.2.3\n']);
  });
});
