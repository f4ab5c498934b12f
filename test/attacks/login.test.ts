import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Answer, BareLogin, BareScram, craAnswer, signAnswer } from '../support/bare-login.ts';
import { BarePeer, wireOf, wires } from '../support/bare-peer.ts';
import { GatewayFixture, PRIVATE_KEY } from './gateway-fixture.ts';

const wire = wireOf('rawsocket', 'json');
const DENIED = 'wamp.error.authentication_denied';

/** How each method proves an identity, and thereby what an eavesdropper can record. */
const methods: readonly (readonly [
  method: string,
  authid: string,
  prover: () => { readonly authextra: object; answer(extra: Readonly<Record<string, unknown>>): Answer },
])[] = [
  ['wampcra', 'cra', () => ({ authextra: {}, answer: extra => craAnswer('cra-secret', extra) })],
  [
    'cryptosign',
    'sign',
    () => ({ authextra: {}, answer: extra => signAnswer(PRIVATE_KEY, String(extra['challenge'])) }),
  ],
  [
    'wamp-scram',
    'scram',
    () => {
      const scram = new BareScram('scram', 'scram-secret');
      return { authextra: { nonce: scram.nonce }, answer: extra => scram.answer(extra) };
    },
  ],
];

describe('attacks on logins', () => {
  let fixture: GatewayFixture;
  before(async () => {
    fixture = await GatewayFixture.start();
  });
  after(() => fixture[Symbol.asyncDispose]());

  for (const [method, authid, prover] of methods) {
    it(`${method}: an answer that was accepted once is rejected in every other login`, async () => {
      const { ports } = fixture;
      const recorded = prover();
      const details = { authmethods: [method], authid, authextra: recorded.authextra };
      // An answer that opened a session is rejected with the same HELLO, on each transport and in each realm.
      using login = await BareLogin.hello(ports, wire, details, 'home');
      const answer = recorded.answer(await login.challenge(method));
      login.answer(answer);
      await login.welcome();
      for (const realm of ['home', 'vault']) {
        for (const other of wires) {
          using replay = await BareLogin.hello(ports, other, details, realm);
          await replay.challenge(method);
          replay.answer(answer);
          assert.equal(await replay.refused(), DENIED, `${realm} ${other.name}`);
        }
      }
      // An unused answer is rejected on every connection except its own.
      const unused = prover();
      using waiting = await BareLogin.hello(ports, wire, { ...details, authextra: unused.authextra }, 'home');
      const fresh = unused.answer(await waiting.challenge(method));
      using thief = await BareLogin.hello(ports, wire, { ...details, authextra: unused.authextra }, 'home');
      await thief.challenge(method);
      thief.answer(fresh);
      assert.equal(await thief.refused(), DENIED);
      // A rejected answer ends the challenge.
      waiting.answer(['', {}]);
      assert.equal(await waiting.refused(), DENIED);
      await fixture.assertHealthy();
    });
  }

  it('the router never issues the same challenge twice', async () => {
    for (const [method, authid, prover] of methods) {
      const seen = new Set<unknown>();
      const { authextra } = prover();
      for (let i = 0; i < 20; i++) {
        using login = await BareLogin.hello(fixture.ports, wire, { authmethods: [method], authid, authextra }, 'home');
        const { challenge, nonce } = await login.challenge(method);
        seen.add(challenge ?? nonce);
      }
      assert.equal(seen.size, 20, method);
    }
  });

  it('no client is downgraded to a method that it did not offer or that its principal does not have', async () => {
    const { ports } = fixture;
    // An attacker who removes the better methods from HELLO gets a challenge that no answer satisfies.
    for (const authmethods of [['ticket'], ['ticket', 'anonymous'], ['anonymous', 'ticket']]) {
      using login = await BareLogin.hello(ports, wire, { authmethods, authid: 'cra' }, 'home');
      await login.challenge('ticket');
      login.answer(['cra-secret', {}]);
      assert.equal(await login.refused(), DENIED);
    }
    // The router selects the first method that the client offers, not the weakest.
    using both = await BareLogin.hello(ports, wire, { authmethods: ['wampcra', 'ticket'], authid: 'both' }, 'home');
    await both.challenge('wampcra');
    both.answer(['both-ticket', {}]);
    assert.equal(await both.refused(), DENIED);
    // The router rejects an answer for another method, and methods that do not exist.
    using mixed = await BareLogin.hello(ports, wire, { authmethods: ['ticket'], authid: 'both' }, 'home');
    await mixed.challenge('ticket');
    mixed.answer(craAnswer('both-secret', { challenge: '' }));
    assert.equal(await mixed.refused(), DENIED);
    for (const authmethods of [
      [],
      ['anonymous'],
      [''],
      [null, 7, {}],
      'ticket',
      { 0: 'ticket' },
      ['internal'],
      ['tls'],
    ]) {
      using login = await BareLogin.hello(ports, wire, { authmethods, authid: 'admin' }, 'home');
      const reason = await login.refused();
      assert.match(String(reason), /authentication_(required|denied)|no_matching_auth_method|invalid_argument/);
    }
  });

  const names: readonly (readonly [string, unknown])[] = [
    ['with a line break', 'admin\nadmin'],
    ['with NUL', 'admin\u0000'],
    ['with an escape sequence', '\u001b[2Jadmin'],
    ['with a right-to-left override', 'nimda\u202eadmin'],
    ['with a lone surrogate', '\ud800'],
    ['that is a dictionary', { toString: 'admin' }],
    ['that is a list', ['admin']],
    ['that is empty', ''],
    ['of 100,000 characters', 'a'.repeat(100_000)],
  ];
  for (const [what, authid] of names) {
    it(`an authid ${what} is rejected, and the log does not contain it`, async () => {
      fixture.log.lines.length = 0;
      using login = await BareLogin.hello(fixture.ports, wire, { authmethods: ['ticket'], authid }, 'home');
      assert.match(String(await login.refused()), /invalid_argument|authentication_required|protocol_violation/);
      const written = JSON.stringify(fixture.log.lines);
      assert.ok(!written.includes('nimda') && !written.includes('aaaaaaaa') && !/\\u00|\\n/.test(written), written);
    });
  }

  it('names of built-in object properties are unknown principals, and change no object', async () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']) {
      for (const [method, , prover] of methods) {
        const { authextra } = prover();
        const details = { authmethods: [method], authid: name, authextra, authrole: name };
        using login = await BareLogin.hello(fixture.ports, wire, details, 'home');
        await login.challenge(method);
        login.answer(['x', {}]);
        assert.equal(await login.refused(), DENIED);
      }
      using realm = await BareLogin.hello(fixture.ports, wire, { authid: 'admin' }, name);
      assert.equal(await realm.refused(), 'wamp.error.no_such_realm');
      await assert.rejects(fixture.device(name), /denied|invalid_argument/);
      await assert.rejects(fixture.mqtt(name));
    }
    const polluted = Buffer.from(
      '[1,"home",{"__proto__":{"authid":"admin"},"constructor":{"prototype":{"authrole":"admin"}},"roles":{"__proto__":{"publisher":{}},"caller":{}},"authmethods":["ticket"],"authextra":{"__proto__":{"polluted":1}}}]',
    );
    using login = await BareLogin.hello(fixture.ports, wire, { authmethods: ['ticket'] }, 'home');
    await login.refused();
    using peer = await BareLogin.hello(fixture.ports, wire, { authmethods: ['ticket'], authid: 'admin' }, 'home');
    await peer.challenge('ticket');
    peer.peer.sendBytes(Buffer.from('[5,"x",{"__proto__":{"polluted":1}}]'));
    assert.equal(await peer.refused(), DENIED);
    using raw = await BarePeer.connect(fixture.ports, wire);
    raw.sendBytes(polluted);
    assert.equal((await raw.receive())[0], 3);
    assert.equal(Reflect.get({}, 'polluted'), undefined);
    assert.equal(Reflect.get({}, 'authrole'), undefined);
    await fixture.assertHealthy();
  });

  it('authrole and authprovider of HELLO and AUTHENTICATE are ignored', async () => {
    const details = { authmethods: ['ticket'], authid: 'pump', authrole: 'admin', authprovider: 'router' };
    using login = await BareLogin.hello(fixture.ports, wire, details, 'home');
    await login.challenge('ticket');
    login.answer(['pump-secret', { authrole: 'admin' }]);
    const { details: welcome } = await login.welcome();
    assert.deepEqual([welcome['authrole'], welcome['authprovider']], ['device', 'static']);
  });
});
