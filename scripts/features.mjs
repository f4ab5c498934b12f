// Writes the tables of docs/features.md, and one table of all features into README.md. The features of other routers are
// the rows below. The features of wampway come from src/wamp/features.ts. With --check it writes nothing, and fails if a
// table is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { routerFeatures, unannouncedFeatures } from '../dist/src/wamp/features.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const routers = ['crossbar', 'nexus', 'Bondy', 'XConn', 'FOX-WAMP'];

/** Y: yes. P: partly, or different from the specification. N: no. "?": no source mentions it. */
const words = { Y: 'yes', P: 'partly', N: 'no', '?': 'unknown' };

/** Title, key in features.ts (role.feature), and one letter for each of the other routers. */
const tables = {
  'Publish & subscribe': [
    ['Subscriber black- and whitelisting', 'broker.subscriber_blackwhite_listing', 'YYP??'],
    ['Publisher exclusion', 'broker.publisher_exclusion', 'YYYYY'],
    ['Publisher identification', 'broker.publisher_identification', 'YYYP?'],
    ['Publication trust levels', 'broker.publication_trustlevels', '?NN??'],
    ['Pattern-based subscription', 'broker.pattern_based_subscription', 'YYYYP'],
    ['Event retention', 'broker.event_retention', 'Y?Y?P'],
    ['Event history', 'broker.event_history', 'YYN?P'],
    ['Subscription revocation', 'broker.subscription_revocation', 'Y?N??'],
    ['Sharded subscription', 'broker.sharded_subscription', '?NN??'],
    ['Payload passthru mode', 'broker.payload_passthru_mode', 'PYY??'],
    ['Subscription meta API', 'broker.subscription_meta_api', 'YYY??'],
    ['Testaments', 'dealer.testament_meta_api', 'YYN??'],
    ['Topic reflection', 'broker.reflection', '?NY??'],
  ],
  'Remote procedure calls': [
    ['Progressive call results', 'dealer.progressive_call_results', 'YYYYY'],
    ['Progressive call invocations', 'dealer.progressive_call_invocations', '?YYY?'],
    ['Call timeout', 'dealer.call_timeout', '?YY??'],
    ['Call canceling', 'dealer.call_canceling', 'YYYY?'],
    ['Caller identification', 'dealer.caller_identification', 'YYYP?'],
    ['Call trust levels', 'dealer.call_trustlevels', '?NN??'],
    ['Pattern-based registration', 'dealer.pattern_based_registration', 'YYYY?'],
    ['Shared registration', 'dealer.shared_registration', 'YYYY?'],
    ['Sharded registration', 'dealer.sharded_registration', '?NN??'],
    ['Registration revocation', 'dealer.registration_revocation', 'YNN??'],
    ['Call rerouting', 'dealer.call_reroute', '??N??'],
    ['Payload passthru mode', 'dealer.payload_passthru_mode', 'PYY??'],
    ['Registration meta API', 'dealer.registration_meta_api', 'YYY??'],
    ['Procedure reflection', 'dealer.reflection', '?NY??'],
  ],
  Sessions: [
    ['Session meta API, events', 'broker.session_meta_api', 'YYYYY'],
    ['Session meta API, procedures', 'dealer.session_meta_api', 'YYPY?'],
  ],
  Authentication: [
    ['Anonymous', 'anonymous', 'YYYYY'],
    ['Ticket', 'ticket', 'YYYYY'],
    ['WAMP-CRA', 'wampcra', 'YYYYP'],
    ['WAMP-SCRAM', 'wamp-scram', 'P?Y??'],
    ['Cryptosign', 'cryptosign', 'YYYY?'],
  ],
  'Transports and serializers': [
    ['WebSocket', 'websocket', 'YYYYY'],
    ['Batched WebSocket', 'batched_websocket', 'YNN??'],
    ['RawSocket', 'rawsocket', 'YYYY?'],
    ['HTTP long-poll', 'http_longpoll', 'YNP??'],
    ['JSON', 'json', 'YYYYY'],
    ['MessagePack', 'msgpack', 'YYYY?'],
    ['CBOR', 'cbor', 'YYYY?'],
    ['Binary values in JSON', 'binary_json', 'YY???'],
    ['UBJSON (a RawSocket serializer)', 'ubjson', 'Y????'],
    ['FlatBuffers (a RawSocket serializer)', 'flatbuffers', '?????'],
  ],
};

/** Features that wampway lacks, and why. Each row must have an entry either here or in features.ts. */
const missing = {
  'broker.sharded_subscription':
    'The text names two options, `rkey` and `nkey`, but does not define them: which node a key belongs to, what happens when nodes come and go, and what a publication without `rkey` or a subscriber without `nkey` gets. The feature is not announced, and both options are ignored like all unknown options: every subscriber gets every event.',
  'dealer.sharded_registration':
    'A sketch: the section on "all" calls reads "Write me", and the section on partitioned calls ends in the middle of a sentence. The feature is not announced, and `runmode` and `rkey` are ignored.',
  ubjson: 'It has a number in the RawSocket handshake, but no section. No maintained serializer exists.',
  flatbuffers: 'It has a number in the RawSocket handshake, but no section defines the layout of a message.',
};

const ours = new Set([
  ...Object.entries(routerFeatures).flatMap(([role, features]) => Object.keys(features).map(name => `${role}.${name}`)),
  ...Object.keys(unannouncedFeatures),
]);

const rows = Object.values(tables).flat();
for (const key of ours) {
  if (!rows.some(([, name]) => name === key))
    throw new Error(`${key} of features.ts has no row in scripts/features.mjs`);
  if (key in missing) throw new Error(`${key} is in features.ts, and also listed as missing in scripts/features.mjs`);
}
for (const [title, key, others] of rows) {
  if (!ours.has(key) && !(key in missing))
    throw new Error(`${title}: ${key} is neither in features.ts nor listed as missing`);
  if (others.length !== routers.length)
    throw new Error(`${title}: expected ${routers.length} letters, found "${others}"`);
}

/** Returns a Markdown table, formatted as the formatter does. */
function table(head, body) {
  const lines = [head, ...body];
  const widths = head.map((_, column) => Math.max(...lines.map(cells => cells[column].length)));
  const line = cells => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...body.map(line)].join('\n');
}

const row = ([title, key, others]) => [
  title,
  ...[...others].map(letter => words[letter]),
  ours.has(key) ? '**yes**' : 'no',
];

const sections = [
  ...Object.entries(tables).map(
    ([heading, entries]) => `## ${heading}\n\n${table(['feature', ...routers, 'wampway'], entries.map(row))}`,
  ),
  `## What wampway does not have\n\n${Object.entries(missing)
    .map(([key, why]) => `- ${rows.find(([, name]) => name === key)?.[0]}: ${why}`)
    .join('\n')}`,
].join('\n\n');

const all = table(
  ['feature', ...routers, 'wampway'],
  Object.entries(tables).flatMap(([heading, entries]) => [
    [`**${heading}**`, ...routers.map(() => ''), ''],
    ...entries.map(row),
  ]),
);

const check = process.argv.includes('--check');
const [begin, end] = ['<!-- generated by npm run features -->', '<!-- end of the generated table -->'];

/** Writes `generated` between the markers of a file. With --check, reports a difference instead. */
function fill(name, generated) {
  const file = join(root, name);
  const text = readFileSync(file, 'utf8');
  const [before, after] = [text.split(begin)[0], text.split(end)[1]];
  if (before === text || after === undefined) throw new Error(`${file}: expected the markers "${begin}" and "${end}"`);
  const wanted = `${before}${begin}\n\n${generated}\n\n${end}${after}`;
  if (text === wanted) return;
  if (!check) {
    writeFileSync(file, wanted);
    return;
  }
  console.error(`${name} is out of date: run npm run features`);
  process.exitCode = 1;
}

fill(join('docs', 'features.md'), sections);
fill('README.md', all);
