import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { bridges } from '../../bridges/index.ts';
import type { GatewayConfig } from '../../src/gateway/config/config-schema.ts';
import { loadConfig, parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { BarePeer, type BarePorts, type Wire, wireOf, wires } from '../support/bare-peer.ts';
import { BareSession, bareRoles } from '../support/bare-session.ts';

type Features = Readonly<Record<string, readonly string[]>>;

/** The features of each role that clients announce by default. */
const everything: Features = {
  publisher: [
    ...['publisher_exclusion', 'publisher_identification', 'subscriber_blackwhite_listing'],
    'payload_passthru_mode',
  ],
  subscriber: [
    ...['pattern_based_subscription', 'publisher_identification', 'publication_trustlevels', 'event_retention'],
    ...['subscription_revocation', 'payload_passthru_mode'],
  ],
  caller: [
    ...['caller_identification', 'call_canceling', 'call_timeout', 'progressive_call_results'],
    ...['progressive_call_invocations', 'payload_passthru_mode'],
  ],
  callee: [
    ...['caller_identification', 'call_canceling', 'call_timeout', 'call_reroute', 'call_trustlevels'],
    ...['progressive_call_results', 'progressive_call_invocations', 'pattern_based_registration'],
    ...['shared_registration', 'registration_revocation', 'payload_passthru_mode'],
  ],
};

let cases = 0;

/** The environment of one case: a running gateway, a wire for its clients, and URIs that no other case uses. */
export class ComplianceCase {
  readonly ports: BarePorts;
  readonly wire: Wire;
  /** Another transport with another serializer. */
  readonly otherWire: Wire;
  readonly #name = `cts.case${++cases}`;
  readonly #peers: BarePeer[] = [];

  constructor(ports: BarePorts, wire: Wire) {
    this.ports = ports;
    this.wire = wire;
    this.otherWire = wires[(wires.indexOf(wire) + 4) % wires.length] ?? wire;
  }

  /** Returns a URI that only this case uses. */
  uri(name: string): string {
    return `${this.#name}.${name}`;
  }

  /** Joins with every feature. A role in `features` has only the features listed there. */
  async join(features: Features = {}, wire = this.wire): Promise<BareSession> {
    const roles = Object.entries({ ...everything, ...features }).map(([role, names]) => [
      role,
      { features: Object.fromEntries(names.map(name => [name, true])) },
    ]);
    return await this.open({ roles: Object.fromEntries(roles) }, wire);
  }

  /** Joins on the other wire. */
  joinElsewhere(features: Features = {}): Promise<BareSession> {
    return this.join(features, this.otherWire);
  }

  /** Joins with exactly these HELLO.Details. */
  async open(details: Readonly<Record<string, unknown>>, wire = this.wire): Promise<BareSession> {
    return await BareSession.over(await this.connect(wire), details);
  }

  /** Joins the realm `secure` with a ticket. */
  async login(authid: string, ticket: string, wire = this.wire): Promise<BareSession> {
    const peer = await this.connect(wire);
    peer.send([1, 'secure', { roles: bareRoles, authmethods: ['ticket'], authid }]);
    assert.deepEqual((await peer.receive()).slice(0, 2), [4, 'ticket']);
    peer.send([5, ticket, {}]);
    return BareSession.welcomed(peer, await peer.receive());
  }

  /** Connects without a session. */
  async connect(wire = this.wire): Promise<BarePeer> {
    const peer = await BarePeer.connect(this.ports, wire);
    this.#peers.push(peer);
    return peer;
  }

  [Symbol.dispose](): void {
    for (const peer of this.#peers) peer.end();
  }
}

/** The requirements of a section of the specification, by the title of the case. */
export type Cases = Readonly<Record<string, (test: ComplianceCase) => Promise<void>>>;

/** One wire for each serializer, with each transport at least once, for cases about encodings. */
export const wirePerSerializer: readonly Wire[] = [
  wireOf('websocket', 'json'),
  wireOf('rawsocket', 'msgpack'),
  wireOf('websocket', 'cbor'),
];

export interface ComplianceOptions {
  /** Default: WebSocket with JSON, and `otherWire` for clients that join elsewhere. */
  readonly on?: readonly Wire[];
  /** Runs the cases one after the other, each without other sessions on the realm. Default: false. */
  readonly alone?: boolean;
  /** The `realms` of the configuration, in YAML; default: those of config/examples/conformance.yaml. */
  readonly realms?: string;
}

/** Tests a gateway with config/examples/conformance.yaml over the network, with each case on each of the wires. */
export function complianceSuite(section: string, cases: Cases, options: ComplianceOptions = {}): void {
  const { on = [wireOf('websocket', 'json')], alone = false, realms } = options;
  describe(section, { concurrency: !alone }, () => {
    let gateway: Gateway;
    let ports: BarePorts;
    before(async () => {
      gateway = new Gateway(configOf(realms), { bridges });
      await gateway.start();
      const [web, rawSocket] = gateway.listeners.map(({ port }) => port);
      ports = { web: web ?? 0, rawSocket: rawSocket ?? 0 };
    });
    after(() => gateway.stop());

    for (const wire of on) {
      describe(wire.name, { concurrency: alone ? 1 : 4 }, () => {
        for (const [title, play] of Object.entries(cases)) {
          it(title, async () => {
            if (alone) await noSessions(ports, wire);
            using test = new ComplianceCase(ports, wire);
            await play(test);
          });
        }
      });
    }
  });
}

const conformance = fileURLToPath(new URL('../../../config/examples/conformance.yaml', import.meta.url));

/** The configuration of the conformance example, on free ports, and with other realms if given. */
function configOf(realms: string | undefined): GatewayConfig {
  if (realms !== undefined) {
    const listeners = ['web', 'rawsocket'].map(type => ({ type, port: 0, strict: true }));
    return parseConfig({ version: 1, realms: parse(realms), listeners }, bridges);
  }
  const config = loadConfig({ file: conformance, environment: {}, bridges });
  return { ...config, listeners: config.listeners.map(listener => ({ ...listener, port: 0 })) };
}

/** Waits until the sessions of earlier cases have ended. */
async function noSessions(ports: BarePorts, wire: Wire): Promise<void> {
  const watcher = await BareSession.join(ports, wire);
  const deadline = Date.now() + 10_000;
  for (;;) {
    const [args] = await watcher.call('wamp.session.count');
    if (Array.isArray(args) && args[0] === 1) break;
    assert.ok(Date.now() < deadline, 'sessions of earlier cases have not ended');
    await new Promise(again => setTimeout(again, 5));
  }
  watcher.say(6, {}, 'wamp.close.close_realm');
  await watcher.hears([6, {}, 'wamp.close.goodbye_and_out']);
  watcher.peer.end();
}
