import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { until } from '../support/until.ts';

const started = new Set<ChildProcess>();
after(() => {
  for (const child of started) child.kill('SIGKILL');
});

const here = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

/** Runs a program text in a separate process. */
function spawnProgram(source: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  const run = { child, out: '', err: '', exited: once(child, 'close').then(() => child.exitCode) };
  child.stdout.on('data', data => {
    run.out += String(data);
  });
  child.stderr.on('data', data => {
    run.err += String(data);
  });
  return run;
}

/** Returns the text of a program with one command that runs `body`. */
function program(body: string): string {
  return `
    import { runProcess } from ${here('cli/run-process.js')};
    const run = async (args, options, io) => { ${body} };
    const command = { name: 'go', summary: '', arguments: [], options: [], examples: [], run };
    process.argv = ['node', 'x', 'go'];
    await runProcess({ name: 'x', summary: '', version: '0', commands: [command] });`;
}

describe('runProcess', () => {
  it('aborts the command on the first signal, and ends with its exit code', async () => {
    const run = spawnProgram(
      program(`console.log('up'); await new Promise(r => io.signal.addEventListener('abort', r)); return 7;`),
    );
    await until('the command', () => run.out.includes('up'));
    run.child.kill('SIGTERM');
    assert.equal(await run.exited, 7);
  });

  it('waits for a command that does not keep the event loop alive', async () => {
    const run = spawnProgram(program(`await new Promise(r => setTimeout(r, 50).unref()); return 3;`));
    assert.equal(await run.exited, 3);
  });

  it('ends with 0 within three seconds of a signal, even if the command hangs', async () => {
    // Both timers start in the same turn of the child, so their order does not depend on the machine.
    const run = spawnProgram(
      program(`
        io.signal.addEventListener('abort', () => setTimeout(() => console.log('three seconds'), 3_000));
        console.log('up');
        await new Promise(() => {});`),
    );
    await until('the command', () => run.out.includes('up'));
    run.child.kill('SIGINT');
    assert.equal(await run.exited, 0);
    assert.ok(!run.out.includes('three seconds'));
  });

  it('ends at once on the second signal, but not on a duplicate of the first', async () => {
    const run = spawnProgram(
      program(`
        io.signal.addEventListener('abort', () => setTimeout(() => console.log('alive'), 100));
        console.log('up');
        await new Promise(() => {});`),
    );
    await until('the command', () => run.out.includes('up'));
    run.child.kill('SIGINT');
    run.child.kill('SIGTERM');
    await until('life after both', () => run.out.includes('alive'));
    const again = setInterval(() => run.child.kill('SIGINT'), 50);
    assert.equal(await run.exited, 130);
    clearInterval(again);
  });

  it('ends without an error if the reader closes the output', async () => {
    const run = spawnProgram(
      program(`for (;;) { io.stdout.write('line\\n'); await new Promise(r => setTimeout(r, 1)); }`),
    );
    await until('output', () => run.out.includes('line'));
    run.child.stdout.destroy();
    assert.equal(await run.exited, 0);
    assert.equal(run.err, '');
  });

  it('reports an unexpected exception as a bug', async () => {
    const run = spawnProgram(program(`throw new TypeError('bug');`));
    assert.equal(await run.exited, 1);
    assert.match(run.err, /^x: this is a bug of x, please report it\nTypeError: bug\n\s+at /);
  });
});

describe('guardProcess', () => {
  const guarded = (body: string): string => `
    import { guardProcess } from ${here('cli/output/process-guard.js')};
    import { systemClock } from ${here('base/clock.js')};
    const log = { error: (fields, text) => console.log(text, fields.kind ?? '', fields.err?.message ?? '') };
    const guard = guardProcess(log, systemClock);
    ${body}`;

  it('logs uncaught exceptions, and continues', async () => {
    const run = spawnProgram(
      guarded(`
        setTimeout(() => { throw new Error('one'); });
        Promise.reject(new Error('two'));
        setTimeout(() => console.log('still here'), 20);`),
    );
    assert.equal(await run.exited, 0);
    assert.match(run.out, /uncaught exception exception one/);
    assert.match(run.out, /uncaught exception rejection two/);
    assert.match(run.out, /still here/);
  });

  it('is fatal if uncaught exceptions are frequent', async () => {
    const run = spawnProgram(
      guarded(`
        setInterval(() => { throw new Error('again'); });
        await guard.fatal;
        process.exit(9);`),
    );
    assert.equal(await run.exited, 9);
    assert.equal(run.out.match(/^uncaught exception /gm)?.length, 20);
    assert.match(run.out, /stopping the gateway/);
  });
});
