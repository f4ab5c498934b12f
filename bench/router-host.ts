// The router as its own process, for the benchmarks: a web and a RawSocket listener, and answers over IPC to the
// runner. It has the rules and the meta API of a gateway, except what --without=NAME removes. With --naive, it decodes
// and encodes every value, and writes once for every message. --policy=NAME sets the policy for slow consumers.
import { systemClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/logger.ts';
import { turnFlusher } from '../src/base/turn-flusher.ts';
import { codecs } from '../src/codec/codecs.ts';
import type { Link } from '../src/link/link.ts';
import { slowPolicies } from '../src/link/outgoing-policy.ts';
import { MetaApi } from '../src/meta/meta-api.ts';
import { AnonymousAuthenticator } from '../src/router/policy/anonymous-authenticator.ts';
import { allowAll } from '../src/router/policy/authorizer.ts';
import { Router } from '../src/router/router.ts';
import { defaultLimits } from '../src/transport/endpoint/limits.ts';
import { listenRawSocket } from '../src/transport/rawsocket-server.ts';
import { listenWeb } from '../src/transport/web-server.ts';
import type { HostReply } from './host-protocol.ts';
import { hostRules } from './host-rules.ts';
import { naiveCodecs } from './naive-codec.ts';

const naive = process.argv.includes('--naive');
const policy = slowPolicies.find(name => process.argv.includes(`--policy=${name}`)) ?? 'disconnect';
// Nothing is batched: each write goes to the socket at once.
if (naive) turnFlusher.add = item => item.flush();

const rules = process.argv.includes('--without=authorization') ? allowAll : hostRules();
const meta = process.argv.includes('--without=meta')
  ? undefined
  : new MetaApi({ clock: systemClock, log: silentLogger, authorizer: rules });
const router = new Router({
  realms: [{ name: 'realm1', uri: 'loose' }],
  authenticator: new AnonymousAuthenticator({ who: 'loopback' }),
  authorizer: meta?.authorizer ?? rules,
  ...(meta && { observer: meta.observer }),
  clock: systemClock,
  log: silentLogger,
});
await meta?.start(router);

const listening = {
  address: { host: '127.0.0.1', port: 0 },
  codecs: naive ? naiveCodecs : codecs,
  limits: { ...defaultLimits, outgoing: { policy } },
  log: silentLogger,
  clock: systemClock,
};
const accept = (link: Link): void => router.attach(link);
const web = await listenWeb({ ...listening, name: 'web' }, accept);
const raw = await listenRawSocket({ ...listening, name: 'rawsocket' }, accept);

function reply(message: HostReply): void {
  process.send?.(message);
}

function usage(): void {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  reply({ kind: 'usage', cpu: user + system, rss, heap: heapUsed + external, sessions: router.sessionCount });
}

process.on('message', request => {
  if (request === 'usage') usage();
  else if (request === 'collect') {
    globalThis.gc?.();
    // A second collection frees the streams and handles that the first one released.
    setTimeout(() => {
      globalThis.gc?.();
      usage();
    }, 100);
  } else if (request === 'stop') process.exit();
});
// The runner has ended.
process.on('disconnect', () => process.exit());

reply({ kind: 'ready', webPort: web.port, rawPort: raw.port });
