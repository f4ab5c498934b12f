import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AddressRanges, canonicalAddress, isAddressRange } from '../../../src/transport/endpoint/address-ranges.ts';

describe('address ranges', () => {
  it('contain addresses and networks of both families', () => {
    const ranges = new AddressRanges(['192.168.1.20', '10.0.0.0/8', 'fd00::/8', '2001:db8::1', '172.16.5.0/30']);
    for (const address of [
      ...['192.168.1.20', '10.255.0.1', '::ffff:10.1.2.3', 'fd12:3456::1', '2001:db8:0:0::1', '172.16.5.3'],
      'fd00::1%eth0',
    ]) {
      assert.equal(ranges.has(address), true, address);
    }
    for (const address of ['192.168.1.21', '11.0.0.1', 'fe00::1', '2001:db8::2', '172.16.5.4', '', 'x', '10.0.0.256']) {
      assert.equal(ranges.has(address), false, address);
    }
  });

  it('contain every address of their family with /0', () => {
    assert.equal(new AddressRanges(['0.0.0.0/0']).has('255.255.255.255'), true);
    assert.equal(new AddressRanges(['0.0.0.0/0']).has('::1'), false);
    assert.equal(new AddressRanges(['::/0']).has('::1'), true);
    for (const address of ['1.2.3.4', '::ffff:1.2.3.4']) assert.equal(new AddressRanges(['::/0']).has(address), false);
  });

  it('reject texts that are not an address or network', () => {
    for (const text of [
      '1.2.3',
      '1.2.3.4/33',
      '10.0.0.0032',
      '0010.0.0.8',
      '1.2.3.4/',
      '1.2.3.4/8/8',
      '1::2::3',
      'g::',
      '::/129',
      ':::',
      '1:2:3:4:5:6:7:8:9',
    ]) {
      assert.equal(isAddressRange(text), false, text);
      assert.throws(() => new AddressRanges([text]), RangeError);
    }
    for (const text of ['1.2.3.4', '::', '::/0', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4']) {
      assert.equal(isAddressRange(text), true, text);
    }
  });

  it('ignore the bits of a network behind its prefix', () => {
    const ranges = new AddressRanges(['10.1.2.3/8', '::ffff:172.16.9.9/12', 'fd80:1::ff/9', '2001:db8:0:0:ff00::1/64']);
    for (const address of ['10.255.0.1', '172.31.0.1', 'fdff::1', '2001:db8::1']) {
      assert.equal(ranges.has(address), true, address);
    }
    for (const address of ['11.1.2.3', '172.32.0.1', 'fd7f::1', '2001:db8:0:1::1']) {
      assert.equal(ranges.has(address), false, address);
    }
  });

  it('accept decimal IPv4 parts with leading zeros', () => {
    assert.equal(new AddressRanges(['010.0.0.0/8']).has('10.1.2.3'), true);
    assert.equal(new AddressRanges(['8.0.0.0/8']).has('010.1.2.3'), false);
  });
});

describe('canonical address', () => {
  it('is the shortest form in lower case, without a zone, and IPv4 for an IPv4-mapped address', () => {
    const cases: readonly (readonly [string, string | undefined])[] = [
      ['10.0.0.1', '10.0.0.1'],
      ['::FFFF:10.0.0.1', '10.0.0.1'],
      ['::ffff:a00:1', '10.0.0.1'],
      ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
      ['0000:0:0:0:0:0:0:0001', '::1'],
      ['fe80::1%eth0', 'fe80::1'],
      ['010.0.0.1', undefined],
      ['::ffff:010.0.0.1', undefined],
      ['10.0.0.1%eth0', undefined],
      ['localhost', undefined],
      ['', undefined],
    ];
    for (const [text, canonical] of cases) assert.equal(canonicalAddress(text), canonical, text);
  });
});
