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
    .describe('exact: one topic. prefix: all topics that begin with it. wildcard: an empty component matches any'),
  maxEvents: z.int().min(1).max(100_000).default(1000).describe('Maximum of recorded events'),
  maxBytes: byteSize(1024, 2 ** 30)
    .prefault('4 MiB')
    .describe('Maximum memory for recorded events'),
  maxAge: z.int().min(1).optional().describe('Maximum age of an event in milliseconds. Default: no limit'),
});

const retained = z.strictObject({
  maxTopics: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(20_000)
    .describe('Maximum of topics with a retained event. 0: retain none'),
  maxBytes: byteSize(1024, 2 ** 32)
    .prefault('32 MiB')
    .describe('Maximum memory for retained events'),
  whenFull: z
    .enum(['drop-oldest', 'refuse'])
    .default('drop-oldest')
    .describe('drop-oldest: delete the topic with the oldest event. refuse: refuse the new event'),
});

const addressRange = z
  .string()
  .refine(isAddressRange, { error: 'must be an IP address or a network such as 192.168.0.0/16' });

const metaAccess = z.union([z.enum(['loopback', 'any', 'none']), z.array(z.string().min(1)).min(1).readonly()]);

const meta = z.strictObject({
  read: metaAccess
    .default(defaultMetaPolicy.read)
    .describe('Who may read sessions, subscriptions and registrations, and subscribe to their changes'),
  control: metaAccess
    .default(defaultMetaPolicy.control)
    .describe('Who may kill sessions, revoke their subscriptions and registrations, and change their details'),
});

const permission = z.strictObject({
  uri: z.string().max(4096).describe('URI or pattern. {authid} and {clientid} are replaced by those of the session'),
  match: z
    .enum(['exact', 'prefix', 'wildcard'])
    .default('exact')
    .describe('exact: one URI. prefix: all URIs that begin with it. wildcard: an empty component matches any'),
  allow: z
    .array(z.enum(['publish', 'subscribe', 'call', 'register']))
    .describe('Allowed actions. All others are forbidden. []: all are forbidden'),
  disclose: z.enum(['on-request', 'always', 'never']).optional().describe('Overrides the setting of the role'),
  trustlevel: z.int().min(0).optional().describe('Overrides the setting of the role'),
  retain: z.boolean().default(true).describe('Whether events may be retained'),
  history: z.boolean().default(true).describe('Whether sessions that may subscribe may also read the event history'),
  force: z.boolean().default(false).describe('Whether a callee may replace another one with force_reregister'),
});

const role = z.strictObject({
  permissions: z
    .array(permission)
    .max(10_000)
    .optional()
    .describe(
      'Rules for the sessions of the role. The most specific matching rule decides. If one role of the realm has permissions, a role without any may do nothing',
    ),
  outgoing: roleOutgoing.optional(),
  limits: principalLimits,
  disclose: z
    .enum(['on-request', 'always', 'never'])
    .default('on-request')
    .describe(
      'Whether receivers learn who publishes or calls. on-request: if the sender requests it. always. never: a request is refused',
    ),
  trustlevel: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Trust level of publications and calls of the role, 0 is the lowest. Receivers see it. Default: none is sent',
    ),
});

/** Whether the text is valid in an HTTP header. Otherwise `fetch` would fail at each login. */
function isHeaderText(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

const authenticator = z
  .strictObject({
    procedure: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Procedure that is called with realm, authid and details. It answers the role, or a dictionary with it',
      ),
    url: z
      .string()
      .regex(/^https?:\/\/[^\s]+$/, { error: 'must be an address such as https://home.example/authenticate' })
      .refine(text => URL.canParse(text), {
        error: 'must be a valid URL: its host or its port (1 to 65535) is not valid',
      })
      .optional()
      .describe('HTTP endpoint in place of a procedure, called by POST with JSON'),
    bearer: z
      .string()
      .min(1)
      .refine(isHeaderText, {
        error: 'must be a token that is valid in an HTTP header: printable ASCII without line breaks',
      })
      .optional()
      .describe('Token that is sent to the endpoint as Authorization: Bearer …'),
    methods: z
      .array(z.enum(challengeMethods))
      .min(1)
      .default(['ticket'])
      .describe('Authentication methods of such principals, the preferred one first'),
    timeout: z.int().min(100).max(8000).default(3000).describe('Maximum milliseconds until an answer'),
  })
  .refine(({ procedure, url }) => (procedure === undefined) !== (url === undefined), {
    error: 'needs either "procedure" or "url"',
  });

const authorizer = z.strictObject({
  procedure: z
    .string()
    .min(1)
    .describe(
      'Procedure that is called with the session, the URI, the action and the match policy. It answers true, false or a dictionary',
    ),
  roles: z
    .array(z.string().min(1))
    .min(1)
    .describe('Roles whose sessions it decides about. The role of its own callee must not be listed'),
  cache: z.int().min(1).max(86_400).default(60).describe('Seconds that an answer is cached for a session'),
  timeout: z.int().min(100).max(60_000).default(3000).describe('Maximum milliseconds until an answer'),
});

/** One realm of a configuration. */
export const realmSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^([^\s.#]+\.)*[^\s.#]+$/, { error: 'must be a URI such as realm1 or com.example.home' })
      .describe('Name of the realm in HELLO'),
    uri: z
      .enum(['loose', 'strict'])
      .default('loose')
      .describe('Rule for topics and procedures. strict: components of a-z, 0-9 and _'),
    anonymous: z
      .union([z.enum(['loopback', 'any', 'none']), z.array(addressRange).min(1).readonly()])
      .default('loopback')
      .describe(
        'Clients that may join without credentials. loopback: from this machine. any: all. none: no client. A list: from these addresses and networks',
      ),
    authenticator: authenticator
      .optional()
      .describe('Application that authenticates names which are not principals of this configuration'),
    authorizer: authorizer
      .optional()
      .describe(
        'Application that authorizes the sessions of some roles. Roles without permissions may then do nothing',
      ),
    cookies: z
      .boolean()
      .default(false)
      .describe('Recognize a browser that has logged in before: method cookie, for WebSocket'),
    takeover: z
      .enum(['none', 'same-authid'])
      .default('none')
      .describe('same-authid: a client that reconnects takes over the registrations of its old session'),
    history: z
      .array(history)
      .max(1000)
      .default([])
      .describe('Topics whose events are recorded, for wamp.subscription.get_events'),
    roles: z
      .record(z.string().min(1), role)
      .default({})
      .describe('Settings of sessions by their role (authrole): anonymous, device …'),
    meta: meta
      .prefault({})
      .describe(
        'Access to the meta API (wamp.session.* and others). loopback: from this machine. any: all clients. none: no client. Or a list of roles',
      ),
    retained: retained.prefault({}).describe('Events published with retain, which later subscribers receive'),
  })
  .superRefine((realm, context) => {
    for (const [role, { permissions = [] }] of Object.entries(realm.roles)) {
      const ruled = new Set<string>();
      for (const [index, { uri, match }] of permissions.entries()) {
        const path = ['roles', role, 'permissions', index, 'uri'];
        // A variable is replaced by a component or a part of one.
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
