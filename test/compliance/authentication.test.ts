import assert from 'node:assert/strict';
import { type Answer, BareLogin, BareScram, craAnswer, signAnswer } from '../support/bare-login.ts';
import { wireOf } from '../support/bare-peer.ts';
import { isId } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

const PRIVATE_KEY = '04c32ac48ec8e5cadfea1f3dd806c302c3c53f6f76718ed658a1d522f4276403';
const PUBLIC_KEY = '2568578f59cbb08880a534b1be36d7f01164d4c52d90ee981cc4f9f1912bffc5';
const UNKNOWN_PRIVATE_KEY = 'dae11ccc2b667d9d0e6182f282ad6ccb9f25b8eb0901f9f8b9d634ca28ed05ff';
const UNKNOWN_PUBLIC_KEY = 'ec4efc8f2cc20a35ad17f61af3730e2b7155319b49cfca9f86328d1ceb49cc2b';

const DENIED = 'wamp.error.authentication_denied';

type Dict = Readonly<Record<string, unknown>>;

function hello(
  { ports, wire }: ComplianceCase,
  method: string,
  authid: string,
  authextra: Dict = {},
): Promise<BareLogin> {
  return BareLogin.hello(ports, wire, { authmethods: [method], authid, authextra });
}

/** An unauthenticated client receives CHALLENGE. The router refuses each answer. */
async function denied(login: BareLogin, method: string, answer: (extra: Dict) => Answer): Promise<Dict> {
  const extra = await login.challenge(method);
  login.answer(answer(extra));
  assert.equal(await login.refused(), DENIED);
  return extra;
}

async function joined(login: BareLogin, authid: string, authrole: string, authmethod: string): Promise<Dict> {
  const { id, details } = await login.welcome();
  assert.ok(isId(id));
  const { realm, authid: as, authrole: role, authmethod: by, authprovider } = details;
  assert.deepEqual(
    { realm, as, role, by, authprovider },
    { realm: 'secure', as: authid, role: authrole, by: authmethod, authprovider: 'static' },
  );
  login.peer.end();
  return details;
}

complianceSuite('advanced/authentication', {
  'rejects a client that offers no method, or no method of the realm': async ({ ports, wire }) => {
    using silent = await BareLogin.hello(ports, wire, {});
    assert.equal(await silent.refused(), 'wamp.error.authentication_required');
    using anonymous = await BareLogin.hello(ports, wire, { authmethods: ['anonymous'], authid: 'cts_ticket' });
    assert.equal(await anonymous.refused(), 'wamp.error.authentication_required');
    using strange = await BareLogin.hello(ports, wire, { authmethods: ['kerberos'], authid: 'cts_ticket' });
    assert.equal(await strange.refused(), 'wamp.error.no_matching_auth_method');
    using nameless = await BareLogin.hello(ports, wire, { authmethods: ['ticket'] });
    assert.equal(await nameless.refused(), 'wamp.error.authentication_required');
  },

  'selects the first offered method that the principal has': async on => {
    const { ports, wire } = on;
    const authmethods = ['kerberos', 'wampcra', 'ticket', 'cryptosign'];
    using login = await BareLogin.hello(ports, wire, { authmethods, authid: 'cts_ticket' });
    await login.challenge('ticket');
    login.answer(['ticket-secret-1', {}]);
    await joined(login, 'cts_ticket', 'user', 'ticket');
  },

  'challenges unknown names like principals, always with the same salt': async on => {
    for (const method of ['ticket', 'wampcra', 'wamp-scram', 'cryptosign']) {
      const asked = async (): Promise<Dict> => {
        using login = await hello(on, method, 'cts_nobody', {
          nonce: 'bm9uY2Vub25jZQ==',
          pubkey: UNKNOWN_PUBLIC_KEY,
        });
        const answer = (extra: Dict): Answer =>
          method === 'cryptosign' ? signAnswer(UNKNOWN_PRIVATE_KEY, String(extra['challenge'])) : ['x', extra];
        return await denied(login, method, answer);
      };
      const [first, second] = [await asked(), await asked()];
      assert.deepEqual(Object.keys(first), Object.keys(second));
      assert.equal(first['salt'], second['salt']);
    }
  },

  'rejects an authid with control characters or with the name of an object property': async on => {
    using control = await hello(on, 'ticket', 'cts\u0000ticket');
    assert.equal(await control.refused(), 'wamp.error.invalid_argument');
    for (const authid of ['__proto__', 'constructor', 'toString']) {
      using login = await hello(on, 'ticket', authid);
      await denied(login, 'ticket', () => ['ticket-secret-1', {}]);
    }
  },

  'accepts AUTHENTICATE once, and no other message in its place': async on => {
    using twice = await hello(on, 'ticket', 'cts_ticket');
    await twice.challenge('ticket');
    twice.answer(['ticket-secret-1', {}]);
    twice.answer(['ticket-secret-1', {}]);
    await twice.welcome();
    await twice.peer.aborted();
    using other = await hello(on, 'ticket', 'cts_ticket');
    await other.challenge('ticket');
    other.peer.send([32, 1, {}, 'cts.open.topic']);
    await other.peer.aborted();
    using malformed = await hello(on, 'ticket', 'cts_ticket');
    await malformed.challenge('ticket');
    malformed.peer.send([5, 7, {}]);
    await malformed.peer.aborted();
  },
});

complianceSuite('advanced/authentication_ticket', {
  'admits the principal of the ticket': async on => {
    for (const [authid, role, ticket] of [
      ['cts_ticket', 'user', 'ticket-secret-1'],
      ['cts_ticket2', 'user', 'ticket-secret-2'],
      ['cts_guest', 'guest', 'guest-secret'],
      ['cts_admin', 'admin', 'admin-secret'],
    ] as const) {
      using login = await hello(on, 'ticket', authid);
      assert.deepEqual(await login.challenge('ticket'), {});
      login.answer([ticket, {}]);
      const details = await joined(login, authid, role, 'ticket');
      assert.equal('authextra' in details, false);
    }
  },

  'denies a wrong or empty ticket, and the ticket of another principal': async on => {
    for (const ticket of ['wrong', '', 'ticket-secret-2', 'ticket-secret-1 ', 'x'.repeat(10_000)]) {
      using login = await hello(on, 'ticket', 'cts_ticket');
      await denied(login, 'ticket', () => [ticket, {}]);
    }
  },

  'challenges a principal that has no ticket, and denies every answer': async on => {
    using login = await hello(on, 'ticket', 'cts_cra');
    await denied(login, 'ticket', () => ['cra-secret', {}]);
  },
});

complianceSuite('advanced/authentication_cra', {
  'admits a client that signs the challenge, which contains principal, method, time and session': async on => {
    const before = Date.now();
    using login = await hello(on, 'wampcra', 'cts_cra');
    const extra = await login.challenge('wampcra');
    assert.deepEqual(Object.keys(extra), ['challenge']);
    const { nonce, timestamp, session, ...rest } = JSON.parse(String(extra['challenge'])) as Dict;
    assert.deepEqual(rest, { authid: 'cts_cra', authrole: 'user', authmethod: 'wampcra', authprovider: 'static' });
    assert.ok(String(nonce).length >= 22);
    assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(String(timestamp)) - before) < 60_000);
    login.answer(craAnswer('cra-secret', extra));
    const { id } = await login.welcome();
    assert.equal(id, session);
  },

  'admits a client with a salted password': async on => {
    using login = await hello(on, 'wampcra', 'cts_cra_salted');
    const extra = await login.challenge('wampcra');
    const { challenge: _, ...salting } = extra;
    assert.deepEqual(salting, { salt: 'cts-salt-123', iterations: 1000, keylen: 32 });
    login.answer(craAnswer('cra-password', extra));
    await joined(login, 'cts_cra_salted', 'user', 'wampcra');
  },

  'denies a wrong secret, a missing signature, and the signature of another challenge': async on => {
    using wrong = await hello(on, 'wampcra', 'cts_cra');
    const old = await denied(wrong, 'wampcra', extra => craAnswer('wrong', extra));
    for (const answer of [['', {}], ['\u0000', {}], craAnswer('cra-secret', old)] as const) {
      using login = await hello(on, 'wampcra', 'cts_cra');
      await denied(login, 'wampcra', () => answer);
    }
  },
});

complianceSuite('advanced/authentication_scram', {
  'admits a client whose password has commas and umlauts, and proves that the router knows it': async on => {
    const scram = new BareScram('cts_scram', 'scram-päss, =word');
    using login = await hello(on, 'wamp-scram', 'cts_scram', { nonce: scram.nonce, channel_binding: null });
    const extra = await login.challenge('wamp-scram');
    const { nonce: _, ...parameters } = extra;
    assert.deepEqual(parameters, {
      ...{ salt: 'yUKf2LcBMiV23nuH4eSPVQ==', kdf: 'pbkdf2', iterations: 4096, memory: null },
    });
    login.answer(scram.answer(extra));
    const details = await joined(login, 'cts_scram', 'user', 'wamp-scram');
    assert.deepEqual(details['authextra'], { verifier: scram.verifier });
  },

  'denies a wrong password, another nonce, a replayed proof, and a channel binding that was not requested':
    async on => {
      const wrong = new BareScram('cts_scram', 'wrong');
      using first = await hello(on, 'wamp-scram', 'cts_scram', { nonce: wrong.nonce });
      await denied(first, 'wamp-scram', extra => wrong.answer(extra));
      const twist = async (change: (answer: Answer) => Answer): Promise<void> => {
        const scram = new BareScram('cts_scram', 'scram-päss, =word');
        using login = await hello(on, 'wamp-scram', 'cts_scram', { nonce: scram.nonce });
        await denied(login, 'wamp-scram', extra => change(scram.answer(extra)));
      };
      await twist(([proof, extra]) => [proof, { ...extra, nonce: `${extra['nonce']}AAAA` }]);
      await twist(([proof]) => [proof, {}]);
      await twist(([proof, extra]) => [proof.slice(0, -4), extra]);
      await twist(([proof, extra]) => [`${proof}\n`, extra]);
      await twist(([proof, extra]) => [proof, { ...extra, channel_binding: 'tls-unique' }]);
      await twist(([proof, extra]) => [proof, { ...extra, cbind_data: 'AAAA' }]);
      let kept: Answer | undefined;
      const scram = new BareScram('cts_scram', 'scram-päss, =word');
      using login = await hello(on, 'wamp-scram', 'cts_scram', { nonce: scram.nonce });
      kept = scram.answer(await login.challenge('wamp-scram'));
      login.answer(kept);
      await login.welcome();
      using again = await hello(on, 'wamp-scram', 'cts_scram', { nonce: scram.nonce });
      await denied(again, 'wamp-scram', () => kept);
    },

  'rejects a HELLO without a nonce, or with an unsupported channel binding': async on => {
    using without = await hello(on, 'wamp-scram', 'cts_scram');
    assert.equal(await without.refused(), 'wamp.error.invalid_argument');
    const extra = { nonce: 'bm9uY2Vub25jZQ==', channel_binding: 'tls-unique' };
    using bound = await hello(on, 'wamp-scram', 'cts_scram', extra);
    assert.equal(await bound.refused(), 'wamp.error.feature_not_supported');
  },
});

// Argon2 is expensive for each client, and the serializer makes no difference.
complianceSuite(
  'advanced/authentication_scram: argon2id13',
  {
    'admits a client with an argon2id13 password': async on => {
      const scram = new BareScram('cts_scram_a2', 'argon-password');
      using login = await hello(on, 'wamp-scram', 'cts_scram_a2', { nonce: scram.nonce });
      const extra = await login.challenge('wamp-scram');
      assert.deepEqual([extra['kdf'], extra['iterations'], extra['memory']], ['argon2id13', 3, 8192]);
      login.answer(scram.answer(extra));
      const details = await joined(login, 'cts_scram_a2', 'user', 'wamp-scram');
      assert.deepEqual(details['authextra'], { verifier: scram.verifier });
    },
  },
  { on: [wireOf('websocket', 'json'), wireOf('rawsocket', 'cbor')] },
);

complianceSuite('advanced/authentication_cryptosign', {
  'admits a client that has the private key, with or without an authid': async on => {
    const { ports, wire } = on;
    for (const authid of [{ authid: 'cts_sign' }, {}]) {
      const details = { authmethods: ['cryptosign'], ...authid, authextra: { pubkey: PUBLIC_KEY } };
      using login = await BareLogin.hello(ports, wire, details);
      const extra = await login.challenge('cryptosign');
      assert.match(String(extra['challenge']), /^[0-9a-f]{64}$/);
      assert.equal(extra['channel_binding'], null);
      login.answer(signAnswer(PRIVATE_KEY, String(extra['challenge'])));
      await joined(login, 'cts_sign', 'user', 'cryptosign');
    }
  },

  'denies the signature of another message, of another key, and of an unknown key': async on => {
    const try_ = async (authid: string, pubkey: string, answer: (extra: Dict) => Answer): Promise<void> => {
      using login = await hello(on, 'cryptosign', authid, { pubkey });
      await denied(login, 'cryptosign', answer);
    };
    await try_('cts_sign', PUBLIC_KEY, () => signAnswer(PRIVATE_KEY, '00'.repeat(32)));
    const challenge = (extra: Dict): string => String(extra['challenge']);
    await try_('cts_sign', PUBLIC_KEY, extra => signAnswer(UNKNOWN_PRIVATE_KEY, challenge(extra)));
    await try_('cts_sign', UNKNOWN_PUBLIC_KEY, extra => signAnswer(UNKNOWN_PRIVATE_KEY, challenge(extra)));
    await try_('cts_nobody', UNKNOWN_PUBLIC_KEY, extra => signAnswer(UNKNOWN_PRIVATE_KEY, challenge(extra)));
    await try_('cts_ticket', PUBLIC_KEY, extra => signAnswer(PRIVATE_KEY, challenge(extra)));
    await try_('cts_sign', PUBLIC_KEY, extra => [signAnswer(PRIVATE_KEY, challenge(extra))[0].slice(0, 128), {}]);
    await try_('cts_sign', PUBLIC_KEY, () => ['zz'.repeat(96), {}]);
    await try_('cts_sign', 'nonsense', extra => [`${challenge(extra)}`, {}]);
  },
});
