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

/** A process of its own that runs a piece of program. */
function runs(source: string) {
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

/** A program of one command, which does `body`. */
function program(body: string): string {
  return `
    import { runProcess } from ${here('cli/run-process.js')};
    const run = async (args, options, io) => { ${body} };
    const command = { name: 'go', summary: '', arguments: [], options: [], examples: [], run };
    process.argv = ['node', 'x', 'go'];
    await runProcess({ name: 'x', summary: '', version: '0', commands: [command] });`;
}

describe('runProcess', () => {
  it('tells the command of the first signal, and ends with its exit code', async () => {
    const run = runs(
      program(`console.log('up'); await new Promise(r => io.signal.addEventListener('abort', r)); return 7;`),
    );
    await until('the command', () => run.out.includes('up'));
    run.child.kill('SIGTERM');
    assert.equal(await run.exited, 7);
  });

  it('waits for a command that nothing keeps alive', async () => {
    const run = runs(program(`await new Promise(r => setTimeout(r, 50).unref()); return 3;`));
    assert.equal(await run.exited, 3);
  });

  it('ends in less than three seconds where the command hangs', async () => {
    const run = runs(program(`console.log('up'); await new Promise(() => {});`));
    await until('the command', () => run.out.includes('up'));
    const before = performance.now();
    run.child.kill('SIGINT');
    assert.equal(await run.exited, 0);
    assert.ok(performance.now() - before < 4000, 'waited too long');
  });

  it('ends at once at the second signal, which is not the first one passed on', async () => {
    const run = runs(
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

  it('ends quietly when nobody reads its output any more', async () => {
    const run = runs(program(`for (;;) { io.stdout.write('line\\n'); await new Promise(r => setTimeout(r, 1)); }`));
    await until('output', () => run.out.includes('line'));
    run.child.stdout.destroy();
    assert.equal(await run.exited, 0);
    assert.equal(run.err, '');
  });

  it('says that a bug is a bug', async () => {
    const run = runs(program(`throw new TypeError('ours');`));
    assert.equal(await run.exited, 1);
    assert.match(run.err, /^x: this is a bug of x, please report it\nTypeError: ours\n\s+at /);
  });
});

describe('guardProcess', () => {
  const guarded = (body: string): string => `
    import { guardProcess } from ${here('cli/process-guard.js')};
    import { systemClock } from ${here('base/clock.js')};
    const log = { error: (fields, text) => console.log(text, fields.kind ?? '', fields.err?.message ?? '') };
    const guard = guardProcess(log, systemClock);
    ${body}`;

  it('logs what nobody caught, and goes on', async () => {
    const run = runs(
      guarded(`
        setTimeout(() => { throw new Error('one'); });
        Promise.reject(new Error('two'));
        setTimeout(() => console.log('still here'), 20);`),
    );
    assert.equal(await run.exited, 0);
    assert.match(run.out, /nobody caught this exception one/);
    assert.match(run.out, /nobody caught this rejection two/);
    assert.match(run.out, /still here/);
  });

  it('gives up where it happens all the time', async () => {
    const run = runs(
      guarded(`
        setInterval(() => { throw new Error('again'); });
        await guard.hopeless;
        process.exit(9);`),
    );
    assert.equal(await run.exited, 9);
    assert.equal(run.out.match(/nobody caught this/g)?.length, 20);
    assert.match(run.out, /gives up/);
  });
});
