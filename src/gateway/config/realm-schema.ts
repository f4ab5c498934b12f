import { z } from 'zod';
import { challengeMethods } from '../../auth/methods/credential.ts';
import { defaultMetaPolicy } from '../../meta/runtime/meta-authorizer.ts';
import { isAddressRange } from '../../transport/endpoint/address-ranges.ts';
import { isUri } from '../../wamp/uri.ts';
import { principalLimits } from './limits-schema.ts';
import { roleOutgoing } from './outgoing-schema.ts';
import { byteSize } from './values/byte-size.ts';

const history = z.strictObject({
  topic: z.string().max(4096).describe('Topic or pattern whose events are recorded'),
  match: z
    .enum(['exact', 'prefix', 'wildcard'])
    .default('exact')
    .describe('exact: one topic; prefix: all that begin so; wildcard: an empty part stands for any one'),
  maxEvents: z.int().min(1).max(100_000).default(1000).describe('Events kept'),
  maxBytes: byteSize(1024, 2 ** 30)
    .prefault('4 MiB')
    .describe('Memory that they may take'),
  maxAge: z
    .int()
    .min(1)
    .optional()
    .describe('Milliseconds that an event is kept; without it, as long as the others let'),
});

const retained = z.strictObject({
  maxTopics: z.int().min(0).max(1_000_000).default(20_000).describe('Topics with a retained event; 0 retains none'),
  maxBytes: byteSize(1024, 2 ** 32)
    .prefault('32 MiB')
    .describe('Memory that they may take'),
  whenFull: z
    .enum(['drop-oldest', 'refuse'])
    .default('drop-oldest')
    .describe('What gives way: the topic not published to for longest, or the new event'),
});

const addressRange = z
  .string()
  .refine(isAddressRange, { error: 'must be an IP address or a network such as 192.168.0.0/16' });

const metaAccess = z.union([z.enum(['loopback', 'any', 'none']), z.array(z.string().min(1)).min(1).readonly()]);

const meta = z.strictObject({
  read: metaAccess
    .default(defaultMetaPolicy.read)
    .describe('Who may see sessions, subscriptions and registrations, and be told of changes'),
  control: metaAccess
    .default(defaultMetaPolicy.control)
    .describe('Who may end sessions, take from them what they hold, and change what is said of them'),
});

const permission = z.strictObject({
  uri: z.string().max(4096).describe('URI or pattern; {authid} and {clientid} stand for those of the session'),
  match: z
    .enum(['exact', 'prefix', 'wildcard'])
    .default('exact')
    .describe('exact: one URI; prefix: all that begin so; wildcard: an empty part stands for any one'),
  allow: z
    .array(z.enum(['publish', 'subscribe', 'call', 'register']))
    .describe('What may be done there; what is not named may not, [] forbids all'),
  disclose: z.enum(['on-request', 'always', 'never']).optional().describe('As of the role, for this alone'),
  trustlevel: z.int().min(0).optional().describe('As of the role, for this alone'),
  retain: z.boolean().default(true).describe('Whether what is published may be retained'),
  history: z.boolean().default(true).describe('Whether whoever may subscribe may also ask for what was'),
  force: z.boolean().default(false).describe('Whether a callee may push another off with force_reregister'),
});

const role = z.strictObject({
  permissions: z
    .array(permission)
    .max(10_000)
    .optional()
    .describe(
      'What such a session may do: of the rules that match, the most special one decides. As soon as one role of the realm has permissions, a role without any may do nothing',
    ),
  outgoing: roleOutgoing.optional(),
  limits: principalLimits,
  disclose: z
    .enum(['on-request', 'always', 'never'])
    .default('on-request')
    .describe(
      'Whether receivers learn who publishes or calls: where it is asked for, always, or never, where asking for it is refused',
    ),
  trustlevel: z
    .int()
    .min(0)
    .optional()
    .describe(
      'How far to trust what such a session publishes or calls, 0 the lowest; receivers are told. Unset: they are told nothing',
    ),
});

/** Whether a header of a request can hold it: `fetch` would fail at each login otherwise. */
function isHeaderText(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

const authenticator = z
  .strictObject({
    procedure: z
      .string()
      .min(1)
      .optional()
      .describe('Called with realm, authid and details; answers the role, or a dictionary with it'),
    url: z
      .string()
      .regex(/^https?:\/\/[^\s]+$/, { error: 'must be an address such as https://home.example/authenticate' })
      .refine(text => URL.canParse(text), { error: 'is no URL: its host or its port (1 to 65535) is not valid' })
      .optional()
      .describe('Asked by POST, in JSON, instead'),
    bearer: z
      .string()
      .min(1)
      .refine(isHeaderText, {
        error: 'must be a token that an HTTP header can hold: printable ASCII without line breaks',
      })
      .optional()
      .describe('Sent to the address as Authorization: Bearer …'),
    methods: z
      .array(z.enum(challengeMethods))
      .min(1)
      .default(['ticket'])
      .describe('The methods by which such principals may prove who they are, the preferred first'),
    timeout: z.int().min(100).max(8000).default(3000).describe('Milliseconds that an answer may take'),
  })
  .refine(({ procedure, url }) => (procedure === undefined) !== (url === undefined), {
    error: 'needs either "procedure" or "url", one of them',
  });

const authorizer = z.strictObject({
  procedure: z
    .string()
    .min(1)
    .describe(
      'Called with the session, the URI, the action and how it matches; answers true or false, or a dictionary',
    ),
  roles: z
    .array(z.string().min(1))
    .min(1)
    .describe('The roles whose sessions it decides about; never that of whoever has registered it'),
  cache: z.int().min(1).max(86_400).default(60).describe('Seconds that an answer holds for a session'),
  timeout: z.int().min(100).max(60_000).default(3000).describe('Milliseconds that an answer may take'),
});

/** One realm of a configuration. */
export const realmSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^([^\s.#]+\.)*[^\s.#]+$/, { error: 'must be a URI such as realm1 or com.example.home' })
      .describe('Name that clients join'),
    uri: z
      .enum(['loose', 'strict'])
      .default('loose')
      .describe('How topics and procedures are checked; strict: components of a-z, 0-9 and _'),
    anonymous: z
      .union([z.enum(['loopback', 'any', 'none']), z.array(addressRange).min(1).readonly()])
      .default('loopback')
      .describe(
        'Who may join without credentials: programs of this machine, anybody, nobody, or whoever comes from one of these addresses and networks',
      ),
    authenticator: authenticator
      .optional()
      .describe('An application that is asked about those who are no principals in this configuration'),
    authorizer: authorizer
      .optional()
      .describe(
        'An application that decides what the sessions of some roles may do. Roles without permissions may do nothing then',
      ),
    cookies: z
      .boolean()
      .default(false)
      .describe('Know a browser again that has logged in: method cookie, for WebSocket'),
    takeover: z
      .enum(['none', 'same-authid'])
      .default('none')
      .describe('same-authid: a client that comes back takes over what its old session, perhaps dead, has registered'),
    history: z
      .array(history)
      .max(1000)
      .default([])
      .describe('Events that are recorded, for wamp.subscription.get_events'),
    roles: z
      .record(z.string().min(1), role)
      .default({})
      .describe('What holds for sessions by their role (authrole): anonymous, device …'),
    meta: meta
      .prefault({})
      .describe(
        'The meta API, wamp.session.* and so on: programs of this machine (loopback), anybody (any), nobody (none), or a list of roles',
      ),
    retained: retained.prefault({}).describe('Events published with retain, for those who subscribe later'),
  })
  .superRefine((realm, context) => {
    for (const [role, { permissions = [] }] of Object.entries(realm.roles)) {
      const ruled = new Set<string>();
      for (const [index, { uri, match }] of permissions.entries()) {
        const path = ['roles', role, 'permissions', index, 'uri'];
        // What a variable stands for is a component or a part of one.
        if (!isUri(uri.replace(/\{(authid|clientid)\}/g, 'x'), realm.uri, match)) {
          const message = `must be a URI for match ${match} by the ${realm.uri} rule of this realm`;
          context.addIssue({ code: 'custom', path, message });
        }
        const key = `${match} ${uri}`;
        if (ruled.has(key)) context.addIssue({ code: 'custom', path, message: 'has two rules' });
        ruled.add(key);
      }
    }
    const seen = new Set<string>();
    for (const [index, { topic, match }] of realm.history.entries()) {
      const path = ['history', index, 'topic'];
      if (!isUri(topic, realm.uri, match)) {
        const message = `must be a URI for match ${match} by the ${realm.uri} rule of this realm`;
        context.addIssue({ code: 'custom', path, message });
      }
      const key = `${match} ${topic}`;
      if (seen.has(key)) context.addIssue({ code: 'custom', path, message: 'is recorded twice' });
      seen.add(key);
    }
  });
