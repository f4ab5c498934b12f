import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StartError, startErrorOf } from '../../../src/gateway/support/start-error.ts';

function systemError(fields: { code: string; address?: string; hostname?: string; port?: number }): Error {
  return Object.assign(new Error(fields.code), fields);
}

describe('startErrorOf', () => {
  const say = (error: unknown): string | undefined => startErrorOf(error, 'listeners[0]', 'in the file')?.message;

  it('names the setting, the reason and what to do', () => {
    for (const [error, text] of [
      [
        { code: 'EADDRINUSE', address: '::', port: 80 },
        '[::]:80 is taken by another program: stop that one, or choose another',
      ],
      [
        { code: 'EACCES', address: '127.0.0.1', port: 80 },
        'this user may not use 127.0.0.1:80: choose a port above 1023, or grant the permission',
      ],
      [
        { code: 'EACCES', address: '/run/w.sock', port: -1 },
        'this user may not use /run/w.sock: grant the permission, or choose another path',
      ],
      [
        { code: 'ENOENT', address: '/nowhere/w.sock' },
        'the folder of /nowhere/w.sock does not exist: make it, or choose another path',
      ],
      [
        { code: 'ENOTFOUND', hostname: 'pi.nowhere' },
        'there is no host named pi.nowhere: use an address, or correct the name',
      ],
    ] as const) {
      assert.equal(say(systemError(error)), `listeners[0] cannot start: ${text} (in the file)`);
    }
  });

  it('finds the cause of a wrapped error', () => {
    const cause = systemError({ code: 'EADDRINUSE', address: '127.0.0.1', port: 1 });
    assert.match(say(new Error('broker', { cause: new Error('server', { cause }) })) ?? '', /127\.0\.0\.1:1 is taken/);
  });

  it('returns a StartError itself, and undefined for errors of the program', () => {
    assert.equal(say(new StartError('as it is')), 'as it is');
    for (const error of [new TypeError('x'), systemError({ code: 'ERR_INVALID_ARG_TYPE' }), 'text', undefined]) {
      assert.equal(say(error), undefined);
    }
  });
});
