import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KnownIdentity } from '../../../src/auth/principals/device-authenticator.ts';
import { DeviceAdmission } from '../../../src/gateway/devices/device-admission.ts';
import { Pairing } from '../../../src/gateway/pairing/pairing.ts';
import type { DevicePolicy, LinkInfo, Principal } from '../../../src/link/link.ts';
import { AnonymousAuthenticator } from '../../../src/router/policy/anonymous-authenticator.ts';
import type { AdmissionRequest, AuthStep } from '../../../src/router/policy/authenticator.ts';
import type { Dict } from '../../../src/wamp/dict.ts';
import { ErrorUri } from '../../../src/wamp/errors.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { testLinkInfo } from '../../support/list-link.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const KEY = 'ab'.repeat(32);

interface Setup {
  /** The answers of the principal source to HELLO, and for a device that does not speak WAMP. */
  readonly step?: (request: AdmissionRequest) => AuthStep | Promise<AuthStep>;
  readonly found?: KnownIdentity;
  readonly asksApplication?: boolean;
}

function setup({ step, found = 'unknown', asksApplication = false }: Setup = {}) {
  const log = new RecordingLogger();
  const added: unknown[] = [];
  const keeper = { add: async (principal: object) => void added.push({ ...principal }), allow: async () => {} };
  const isTaken = (realm: string, name: string): boolean => realm === 'home' && name === 'joe';
  const pairing = new Pairing({
    ...{ realm: 'home', clock: new FakeClock(), log, keeper },
    isTaken: name => admission.isTaken('home', name),
  });
  const realmsRule = new AnonymousAuthenticator({ who: 'any' });
  const known = {
    begin: step ?? (request => realmsRule.begin(request)),
    identify: async () => found,
    asksApplication: () => asksApplication,
  };
  const admission = new DeviceAdmission({ realm: 'home', known, pairing, isTaken });
  return { admission, added, log, open: () => pairing.open({ milliseconds: 1000, devices: 9, role: 'device' }) };
}

function request(
  details: Dict,
  policy: Partial<DevicePolicy> | undefined,
  info: Partial<LinkInfo> = {},
  realm = 'home',
) {
  const device: DevicePolicy = { bridge: 'cbor-tcp', realm: 'home', anonymous: 'none', role: 'device', ...policy };
  const link = { ...testLinkInfo, address: '192.168.1.7', ...(policy && { device }), ...info };
  return { realm: asUri(realm), details, link, session: asId<'session'>(1) };
}

/** The admitted authid, or the reason of the refusal. A CHALLENGE is answered with `ticket`. */
async function outcome(step: AuthStep | Promise<AuthStep>, ticket = 'secret'): Promise<string> {
  const settled = await step;
  if ('welcome' in settled) return settled.welcome.authid;
  if ('abort' in settled) return settled.abort;
  return outcome(settled.answer({ type: MessageType.Authenticate, signature: ticket, extra: {} }), ticket);
}

const welcome = (authid: string): { welcome: Principal } => ({
  welcome: { authid, authrole: 'device', authmethod: 'ticket', authprovider: 'static' },
});

describe('DeviceAdmission of devices that speak WAMP', () => {
  it('admits by the name in HELLO by the settings of the bridge, and never by those of the realm', async () => {
    const { admission } = setup();
    for (const authmethods of [
      undefined,
      [],
      ['anonymous'],
      ['anonymous', 'ticket'],
      ['x', 'anonymous'],
      'anonymous',
    ]) {
      for (const [anonymous, loopback, admitted] of [
        ['none', true, false],
        ['loopback', true, true],
        ['loopback', false, false],
        ['any', false, true],
      ] as const) {
        const step = admission.begin(request({ authid: 'lamp', authmethods }, { anonymous }, { loopback }));
        const expected = admitted ? 'lamp' : ErrorUri.AuthenticationRequired;
        assert.equal(await outcome(step), expected, JSON.stringify([authmethods, anonymous, loopback]));
      }
      for (const authid of ['', undefined, null, 7, 'a.b', 'a b', KEY, 'x'.repeat(65), 'a\n']) {
        const step = admission.begin(request({ authid, authmethods }, { anonymous: 'any' }));
        assert.match(await outcome(step), /invalid_argument|authentication_required/, JSON.stringify(authid));
      }
      const principal = admission.begin(request({ authid: 'joe', authmethods }, { anonymous: 'any' }));
      assert.equal(await outcome(principal), ErrorUri.AuthenticationRequired);
      const elsewhere = admission.begin(request({ authid: 'lamp', authmethods }, { anonymous: 'any' }, {}, 'other'));
      assert.match(await outcome(elsewhere), /no_such_realm|authentication_required/);
    }
  });

  it('never applies the anonymous setting of the realm to a link of a bridge', async () => {
    const { admission } = setup();
    assert.match(await outcome(admission.begin(request({}, undefined))), /^[0-9a-f]{24}$/);
    const step = admission.begin(request({}, undefined, { listener: 'bridge:other' }));
    assert.equal(await outcome(step), ErrorUri.AuthenticationRequired);
  });

  it('checks the name in every WELCOME and asks the bridge, for every method', async () => {
    const refuse = ({ authid }: Principal) =>
      authid === 'full' ? { reason: ErrorUri.LimitExceeded, text: 'no place' } : undefined;
    for (const wrap of [
      (step: AuthStep) => step,
      (step: AuthStep) => Promise.resolve(step),
      (step: AuthStep): AuthStep => ({ challenge: { method: 'ticket', extra: {} }, answer: () => step }),
      (step: AuthStep): AuthStep => ({
        challenge: { method: 'ticket', extra: {} },
        answer: () => ({ challenge: { method: 'ticket', extra: {} }, answer: async () => step }),
      }),
    ]) {
      for (const [authid, expected] of [
        ['pump', 'pump'],
        ['a.b', ErrorUri.InvalidArgument],
        [KEY, ErrorUri.InvalidArgument],
        ['full', ErrorUri.LimitExceeded],
      ] as const) {
        const { admission } = setup({ step: () => wrap(welcome(authid)) });
        const hello = { authid: 'claimed', authmethods: ['cryptosign'] };
        assert.equal(await outcome(admission.begin(request(hello, { refuse }))), expected);
      }
    }
    const { admission } = setup();
    const byName = admission.begin(request({ authid: 'full' }, { anonymous: 'any', refuse }));
    assert.equal(await outcome(byName), ErrorUri.LimitExceeded);
  });
});

describe('DeviceAdmission while devices are paired', () => {
  const denied = (): AuthStep => ({ abort: ErrorUri.AuthenticationDenied, message: 'no' });

  it('records a device under its admitted name, only on the realm of the bridges', async () => {
    const { admission, added, open } = setup({ step: denied });
    open();
    const hello = (authid: string) => ({ authid, authmethods: ['anonymous', 'ticket'] });
    assert.equal(
      await outcome(admission.begin(request(hello('pump'), {}, {}, 'other'))),
      ErrorUri.AuthenticationDenied,
    );
    assert.equal(await outcome(admission.begin(request(hello(KEY), {}))), ErrorUri.AuthenticationDenied);
    assert.equal(await outcome(admission.begin(request(hello('joe'), {}))), ErrorUri.AuthenticationDenied);
    // This link is not of a device.
    assert.equal(await outcome(admission.begin(request(hello('pump'), undefined))), ErrorUri.AuthenticationDenied);
    assert.deepEqual(added, []);
    assert.equal(await outcome(admission.begin(request(hello('pump'), {}))), 'pump');
    assert.deepEqual(
      added.map(principal => Object(principal).authid),
      ['pump'],
    );
  });

  it('records no principal of an application, and no device while the application does not answer', async () => {
    const step = ({ details }: AdmissionRequest): AuthStep => ({
      challenge: { method: 'ticket', extra: {} },
      answer: async ({ signature }) => {
        assert.deepEqual(details['authmethods'], ['ticket']);
        if (details['authid'] === 'down') throw new Error('the application is away');
        return details['authid'] === 'dynamic' && signature === 'right' ? welcome('dynamic') : denied();
      },
    });
    const { admission, added, open } = setup({ step, asksApplication: true });
    open();
    const hello = (authid: string) => request({ authid, authmethods: ['wampcra', 'ticket'] }, {});
    assert.equal(await outcome(admission.begin(hello('dynamic')), 'right'), 'dynamic');
    await assert.rejects(outcome(admission.begin(hello('down'))), /away/);
    assert.deepEqual(added, []);
    assert.equal(await outcome(admission.begin(hello('new')), 'mine'), 'new');
    assert.equal(added.length, 1);
  });

  it('gives the name of a configured port neither to a paired device nor to one without credentials', async () => {
    const { admission, added, open } = setup({ step: denied });
    const policy = { bridge: 'serial', anonymous: 'any', role: 'device' } as const;
    const port = await admission.identify({ port: 'greenhouse', loopback: true }, policy);
    assert.ok('principal' in port);
    assert.deepEqual(port.principal, {
      ...{ authid: 'greenhouse', authrole: 'device', authmethod: 'internal', authprovider: 'bridge:serial' },
    });
    open();
    const hello = { authid: 'greenhouse', authmethods: ['ticket'] };
    assert.equal(await outcome(admission.begin(request(hello, {}))), ErrorUri.AuthenticationDenied);
    const mqtt = { username: 'greenhouse', password: 'x', clientId: 'c', address: '192.168.1.7', loopback: false };
    await admission.identify(mqtt, { ...policy, bridge: 'mqtt', anonymous: 'none' });
    const byName = admission.begin(request({ authid: 'greenhouse' }, { anonymous: 'any' }));
    assert.equal(await outcome(byName), ErrorUri.AuthenticationRequired);
    assert.deepEqual(added, []);
  });

  it('reports a device as refused only if it is refused', async () => {
    const { admission, log } = setup({
      step: ({ details }) => (details['authid'] === 'in' ? welcome('in') : denied()),
    });
    await outcome(admission.begin(request({ authid: 'in', authmethods: ['ticket'] }, {})));
    await outcome(admission.begin(request({ authid: 'out', authmethods: ['ticket'] }, {})));
    await outcome(admission.begin(request({ authid: 'nameless.' }, {})));
    await outcome(admission.begin(request({ authid: 'joe' }, {})));
    assert.deepEqual(
      log.at('warn').map(({ fields }) => fields['device']),
      ['out'],
    );
  });
});

describe('DeviceAdmission of devices that do not speak WAMP', () => {
  it('admits devices without credentials by the settings of their bridge, or says what to do', async () => {
    const { admission } = setup();
    const identify = (anonymous: 'loopback' | 'any' | 'none', loopback: boolean) =>
      admission.identify(
        { clientId: 'plug', username: 'u', loopback },
        { bridge: 'mqtt', anonymous, role: 'anonymous' },
      );
    const principal = {
      ...{
        authid: 'plug',
        authrole: 'anonymous',
        authmethod: 'internal',
        authprovider: 'bridge:mqtt',
        clientId: 'plug',
      },
    };
    assert.deepEqual(await identify('loopback', true), { principal, proved: false });
    assert.deepEqual(await identify('any', false), { principal, proved: false });
    const far = await identify('loopback', false);
    assert.ok('refused' in far);
    assert.match(far.refused, /"bridges\.mqtt\.anonymous: any" admits them from everywhere/);
    const none = await identify('none', true);
    assert.deepEqual('refused' in none && none.why, 'anonymous');
  });

  it('returns known and refused devices as the directory does', async () => {
    const { principal } = { principal: welcome('pump').welcome };
    const policy = { bridge: 'mqtt', anonymous: 'any', role: 'anonymous' } as const;
    const shown = { username: 'pump', password: 'x', loopback: true };
    assert.deepEqual(await setup({ found: { principal } }).admission.identify(shown, policy), {
      principal,
      proved: true,
    });
    assert.deepEqual(await setup({ found: { refused: 'no' } }).admission.identify(shown, policy), {
      ...{ refused: 'no', why: 'credentials' },
    });
  });
});
