import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QuotaShares } from '../../../../../bridges/mqtt/broker/messages/quota-shares.ts';
import { isAddressKey, ownerQuotaKey } from '../../../../../bridges/mqtt/source/quota-key.ts';

describe('QuotaShares', () => {
  it('finds the address with the largest share within an eighth, after any changes', () => {
    let state = 4711;
    const random = (below: number): number => {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      return Math.floor((state / 0x80000000) * below);
    };
    const shares = new QuotaShares<number>();
    const known = new Map<string, Map<number, number>>();
    for (let step = 0; step < 20_000; step++) {
      const holder = `${random(4) === 0 ? 'principal' : 'address'} ${random(8)}`;
      const member = random(50);
      const members = known.get(holder) ?? new Map<number, number>();
      known.set(holder, members);
      if (random(3) > 0) {
        const weight = 1 + random(5);
        members.set(member, weight);
        shares.add(holder, member, weight);
      } else {
        members.delete(member);
        shares.delete(holder, member);
      }
      const sum = (of: string): number => [...(known.get(of)?.values() ?? [])].reduce((one, other) => one + other, 0);
      assert.equal(shares.weightOf(holder), sum(holder));
      const most = Math.max(0, ...[...known.keys()].filter(isAddressKey).map(sum));
      const { largest } = shares;
      if (most === 0) assert.equal(largest, undefined);
      else assert.ok(largest !== undefined && isAddressKey(largest) && sum(largest) >= (most * 7) / 8, `step ${step}`);
    }
  });

  it('returns the members of a quota key in the order in which they were last added', () => {
    const shares = new QuotaShares<string>();
    for (const member of ['a', 'b', 'c', 'a']) shares.add('address x', member, 1);
    assert.deepEqual([...shares.membersOf('address x')], ['b', 'c', 'a']);
  });
});

describe('ownerQuotaKey', () => {
  const device = {
    authid: 'd',
    authrole: 'anonymous',
    authmethod: 'internal',
    authprovider: 'bridge:mqtt',
    clientId: 'd',
  };

  it('of a client without credentials is its address, for IPv6 its /64 network', () => {
    assert.equal(ownerQuotaKey({ ...device, address: '10.0.0.7' }), 'address 10.0.0.7');
    assert.equal(ownerQuotaKey({ ...device, address: '::ffff:10.0.0.7' }), 'address 10.0.0.7');
    const [one, other] = ['2001:db8::1', '2001:db8::ffff:1'].map(address => ownerQuotaKey({ ...device, address }));
    assert.equal(one, other);
    assert.notEqual(one, ownerQuotaKey({ ...device, address: '2001:db8:0:1::1' }));
  });

  it('of a principal is its authid on any address, and of an unknown owner an unknown address', () => {
    assert.equal(ownerQuotaKey({ ...device, authmethod: 'ticket', authprovider: 'static' }), 'principal d');
    assert.ok(isAddressKey(ownerQuotaKey(undefined)));
  });
});
