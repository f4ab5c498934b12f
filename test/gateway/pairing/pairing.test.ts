import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pairing, type PairingOptions } from '../../../src/gateway/pairing/pairing.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

function setup(options: Partial<PairingOptions> = {}) {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const added: Record<string, unknown>[] = [];
  const allowed: [string, readonly string[]][] = [];
  const keeper = {
    add: async (principal: object) => void added.push({ ...principal }),
    allow: async (authid: string, clientIds: readonly string[]) => void allowed.push([authid, clientIds]),
  };
  const isTaken = (name: string): boolean => name === 'joe';
  const pairing = new Pairing({ realm: 'home', clock, log, keeper, isTaken, ...options });
  const open = (devices = 5): void => pairing.open({ milliseconds: 600_000, devices, role: 'device' });
  return { clock, log, added, allowed, pairing, open };
}

const near = { address: '192.168.1.20', loopback: false };

describe('Pairing', () => {
  it('records no device while it is closed or after its time', async () => {
    const { pairing, open, added, clock } = setup();
    assert.equal(await pairing.pair({ name: 'pump', ...near }, 'secret'), undefined);
    open();
    clock.advance(600_001);
    assert.equal(pairing.isOpen, false);
    assert.equal(await pairing.pair({ name: 'pump', ...near }, 'secret'), undefined);
    assert.deepEqual(added, []);
  });

  it('records a device with the password that it sends, and stores only a hash', async () => {
    const { pairing, open, added, log } = setup();
    open();
    const principal = await pairing.pair({ name: 'pump', clientId: 'pump-1', ...near }, 'a secret of its own');
    assert.deepEqual(principal, {
      ...{ authid: 'pump', authrole: 'device', authmethod: 'ticket', authprovider: 'static', clientId: 'pump-1' },
    });
    const [{ ticket, ...rest } = {}] = added;
    assert.match(String(ticket), /^scrypt\$/);
    assert.deepEqual(rest, { authid: 'pump', role: 'device', realms: ['home'], clientIds: ['pump-1'] });
    assert.ok(!JSON.stringify([log.lines, pairing.state]).includes('a secret of its own'));
  });

  it('admits several client ids with one user name and its password, and none with another password', async () => {
    const { pairing, open, allowed } = setup();
    open(2);
    const take = (clientId: string, password: string) => pairing.pair({ name: 'mqtt', clientId, ...near }, password);
    assert.ok(await take('one', 'shared'));
    assert.equal(await take('two', 'guessed'), undefined);
    assert.ok(await take('two', 'shared'));
    assert.ok(await take('one', 'shared'));
    // Each counts.
    assert.equal(await take('three', 'shared'), undefined);
    assert.deepEqual(allowed, [['mqtt', ['one', 'two']]]);
  });

  it('generates a password for a device that sends none, and shows it while it is open', async () => {
    const { pairing, open, added } = setup();
    open();
    pairing.handleRefused({ name: 'lamp', clientId: 'lamp', ...near });
    pairing.handleRefused({ name: 'lamp', clientId: 'lamp', ...near });
    const [device] = pairing.state.devices;
    assert.match(device?.password ?? '', /^[\w-]{16}$/);
    assert.equal(pairing.state.devices.length, 1);
    while (added.length === 0) await new Promise(resolve => setTimeout(resolve, 5));
    assert.equal(await pairing.pair({ name: 'lamp', clientId: 'lamp', ...near }, 'other'), undefined);
    assert.ok(await pairing.pair({ name: 'lamp', clientId: 'lamp', ...near }, device?.password ?? ''));
    pairing.close();
    assert.deepEqual(pairing.state.devices, []);
  });

  it('records no more devices than it was opened for, also if they connect at the same time', async () => {
    const { pairing, open, added } = setup();
    open(3);
    const names = Array.from({ length: 10 }, (_, i) => `device${i}`);
    const let_in = await Promise.all(names.map(name => pairing.pair({ name, ...near }, 'secret')));
    assert.equal(let_in.filter(principal => principal !== undefined).length, 3);
    assert.equal(added.length, 3);
    assert.equal(pairing.state.left, 0);
  });

  const others: readonly (readonly [string, object])[] = [
    ['from elsewhere', { name: 'pump', address: '203.0.113.9', loopback: false }],
    ['from a public IPv6 address', { name: 'pump', address: '2001:db8::9', loopback: false }],
    ['of nowhere', { name: 'pump', loopback: false }],
    ['with the name of a principal', { name: 'joe', ...near }],
    ['with the client id of a principal', { name: 'pump', clientId: 'joe', ...near }],
    ['with a name of several URI components', { name: 'a.b', ...near }],
    ['without a name', { name: '', ...near }],
    ['with the name __proto__.x', { name: '__proto__.x', ...near }],
  ];
  for (const [what, device] of others) {
    it(`records no device ${what}`, async () => {
      const { pairing, open, added } = setup();
      open();
      const wanted = device as Parameters<Pairing['pair']>[0];
      assert.equal(await pairing.pair(wanted, 'secret'), undefined);
      pairing.handleRefused(wanted);
      assert.deepEqual([added, pairing.state.devices], [[], []]);
    });
  }

  it('admits devices of the local network by IPv4, IPv4-mapped IPv6 and IPv6', async () => {
    const { pairing, open } = setup();
    open();
    for (const [index, address] of ['::ffff:10.1.2.3', 'fd00::7', 'fe80::1', '172.31.0.1'].entries()) {
      assert.ok(await pairing.pair({ name: `device${index}`, address, loopback: false }, 'secret'), address);
    }
  });

  it('logs each refused device from time to time, and what to do', () => {
    const { pairing, log, clock } = setup();
    for (let i = 0; i < 5; i++) pairing.handleRefused({ name: 'pump', ...near });
    pairing.handleRefused({ name: 'lamp', ...near });
    assert.deepEqual(
      log.at('warn').map(({ fields }) => fields['device']),
      ['pump', 'lamp'],
    );
    assert.match(String(log.at('warn')[0]?.fields['hint']), /"wampway pair" admits new devices/);
    clock.advance(600_001);
    assert.deepEqual(
      log
        .at('warn')
        .slice(2)
        .map(({ fields }) => [fields['device'], fields['count']]),
      [['pump', 4]],
    );
    pairing.handleRefused({ name: 'pump', ...near });
    assert.equal(log.at('warn').length, 4);
    // Names that one client invents are counted and do not fill the log.
    for (let i = 0; i < 1000; i++) pairing.handleRefused({ name: `x${i}`, ...near });
    clock.advance(10_000);
    const lines = log.at('warn').slice(4);
    assert.ok(lines.length <= 8, String(lines.length));
    assert.equal(
      lines.reduce((sum, { fields }) => sum + Number(fields['count'] ?? 1), 0),
      1000,
    );
    pairing.handleRefused({ name: 'plug', address: '192.168.1.21', loopback: false });
    assert.equal(log.at('warn').at(-1)?.fields['device'], 'plug');
  });

  it('frees the place of a device that could not be recorded', async () => {
    const keeper = {
      add: () => Promise.reject(new Error('the disk is full')),
      allow: async () => {},
    };
    const { pairing, open } = setup({ keeper });
    open();
    await assert.rejects(pairing.pair({ name: 'pump', ...near }, 'secret'), /the disk is full/);
    assert.deepEqual(pairing.state.devices, []);
  });

  it('names the missing setting if principals cannot be recorded', () => {
    const { open } = setup({ keeper: undefined });
    assert.throws(() => open(), /move them to a file with "principals: principals.yaml"/);
  });
});
