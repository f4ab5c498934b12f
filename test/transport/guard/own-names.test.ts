import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ownNames } from '../../../src/transport/guard/own-names.ts';

describe('names of this machine', () => {
  it('are its host name, with the suffixes of a LAN and the search domains of its resolver', () => {
    const names = ownNames({
      hostname: 'RaspberryPi',
      hosts: '',
      resolver: '# by DHCP\nsearch fritz.box. office.example\nnameserver 192.0.2.1\n',
    });
    for (const name of ['', '.local', '.lan', '.home.arpa', '.internal', '.fritz.box', '.office.example']) {
      assert.ok(names.has(`raspberrypi${name}`), name);
    }
    for (const name of ['fritz.box', 'raspberrypi.example', 'local', '192.0.2.1', 'search', ''])
      assert.ok(!names.has(name), name);
  });

  it('are the other names on its line of the hosts file, and not those of other lines', () => {
    const hosts =
      '127.0.0.1 localhost\n127.0.1.1 gw.plant.example gw # this one\n0.0.0.0 ads.example\n127.0.0.1 evil.example\n';
    const names = ownNames({ hostname: 'gw', hosts, resolver: '' });
    assert.ok(names.has('gw.plant.example'));
    for (const name of ['ads.example', 'evil.example', 'this', 'one', '127.0.1.1']) assert.ok(!names.has(name), name);
  });

  it('include the short form of a full host name', () => {
    const names = ownNames({ hostname: 'gw.plant.example', hosts: '', resolver: '' });
    for (const name of ['gw', 'gw.local', 'gw.plant.example']) assert.ok(names.has(name), name);
  });
});
