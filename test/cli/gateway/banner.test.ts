import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { banner } from '../../../src/cli/gateway/banner.ts';
import { parseConfig } from '../../../src/gateway/config/load-config.ts';
import { Gateway } from '../../../src/gateway/gateway.ts';

function whoMayJoin(config: Record<string, unknown>): string[] {
  const gateway = new Gateway(parseConfig({ listeners: [], ...config }, []), { bridges: [] });
  return banner(gateway, 'gateway.yaml')
    .filter(line => line.includes('who may join'))
    .map(line => line.replace(/^\s+who may join\s+/, ''));
}

describe('banner', () => {
  it('shows who may join, with and without credentials', () => {
    const changes = '(realms[].anonymous changes it)';
    assert.deepEqual(whoMayJoin({}), [
      `realm1: programs on this machine, without credentials, and no other client ${changes}`,
    ]);
    const principals = [
      { authid: 'joe', role: 'user', ticket: 'hunter2' },
      { authid: 'ann', role: 'user', ticket: 'hunter2', realms: ['b'] },
    ];
    const realms = [
      { name: 'a', anonymous: 'none', authenticator: { procedure: 'a.b' } },
      { name: 'b', anonymous: ['192.168.1.0/24'] },
    ];
    assert.deepEqual(whoMayJoin({ principals, realms }), [
      `a: no client without credentials; with credentials: 1 principal, dynamic authenticator ${changes}`,
      `b: clients from 192.168.1.0/24; with credentials: 2 principals ${changes}`,
    ]);
  });
});
