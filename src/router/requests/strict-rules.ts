import { type Dict, isDict } from '../../wamp/dict.ts';
import { ErrorUri, ProtocolViolation, WampError } from '../../wamp/errors.ts';
import { type Id, isId, MAX_ID } from '../../wamp/ids.ts';
import { MessageType, messageName } from '../../wamp/messages/message-type.ts';
import type { CallMessage, Message } from '../../wamp/messages/messages.ts';
import type { Uri } from '../../wamp/uri.ts';

interface Kind {
  readonly name: string;
  holds(value: unknown): boolean;
}

const boolean: Kind = { name: 'true or false', holds: (value: unknown) => typeof value === 'boolean' };
const text: Kind = { name: 'a string', holds: (value: unknown) => typeof value === 'string' };
const name: Kind = {
  name: 'a string that is not empty',
  holds: (value: unknown) => typeof value === 'string' && value !== '',
};
const texts: Kind = {
  name: 'a list of strings',
  holds: (value: unknown) => Array.isArray(value) && value.every(text.holds),
};
const names: Kind = {
  name: 'a list of strings that are not empty',
  holds: (value: unknown) => Array.isArray(value) && value.every(name.holds),
};
const ids: Kind = { name: 'a list of ids', holds: (value: unknown) => Array.isArray(value) && value.every(isId) };
const dict: Kind = { name: 'a dictionary', holds: isDict };
const count: Kind = {
  name: 'a whole number',
  holds: (value: unknown) => typeof value === 'number' && Number.isInteger(value) && value >= 0,
};

const passthru = { ppt_scheme: text, ppt_serializer: text, ppt_cipher: text, ppt_keyid: text };
const audience = { eligible_authid: texts, eligible_authrole: texts, exclude_authid: texts, exclude_authrole: texts };

/** The calls that a session has made. */
interface MadeCalls {
  readonly calls: { has(request: Id<'request'>): boolean };
  readonly endedCalls: { has(request: Id<'request'>, procedure: Uri): boolean };
}

/** The options that this router knows, by message type. Other options are ignored. [basic/messages] */
export const knownOptions: Partial<Record<Message['type'], Readonly<Record<string, Kind>>>> = {
  [MessageType.Publish]: {
    ...{ acknowledge: boolean, exclude_me: boolean, disclose_me: boolean, retain: boolean },
    // An extension.
    _retain_clear: boolean,
    ...{ eligible: ids, exclude: ids },
    ...audience,
    ...passthru,
  },
  [MessageType.Subscribe]: { match: text, get_retained: boolean },
  [MessageType.Register]: {
    ...{ match: text, invoke: text, concurrency: count },
    ...{ disclose_caller: boolean, forward_timeout: boolean, force_reregister: boolean },
  },
  [MessageType.Call]: {
    ...{ timeout: count, receive_progress: boolean, progress: boolean, disclose_me: boolean },
    ...passthru,
  },
  [MessageType.Cancel]: { mode: text },
  [MessageType.Yield]: { progress: boolean, ...passthru },
  // ERROR has details in place of options.
  [MessageType.Error]: passthru,
};

/**
 * The rules for a session on a strict listener: request ids are 1, 2, 3 …, and options have the types of the
 * specification. [basic/building_blocks: protocol errors]
 */
export class StrictRules {
  #last: number;

  /** `last`: id of the previous request. */
  constructor(last = 0) {
    this.#last = last;
  }

  /** Throws `WampError` if the message can be answered with ERROR, otherwise `ProtocolViolation`. */
  check(tables: MadeCalls, message: Message): void {
    switch (message.type) {
      case MessageType.Call:
        if (this.#isPart(tables, message)) return;
        this.#count(message.type, message.request);
        break;
      case MessageType.Publish:
      case MessageType.Subscribe:
      case MessageType.Unsubscribe:
      case MessageType.Register:
      case MessageType.Unregister:
        this.#count(message.type, message.request);
        break;
    }
    if ('options' in message) checkOptions(message.type, message.options);
    else if (message.type === MessageType.Error) checkOptions(message.type, message.details);
  }

  /**
   * Whether a CALL is a part of an earlier call. Throws if its id is neither new nor the id of a progressive call. All
   * its options except `progress` are ignored. [advanced/rpc_progressive_call_invocations: verification of CALL request
   * ids]
   */
  #isPart(tables: MadeCalls, { request, procedure, options: { progress } }: CallMessage): boolean {
    if (request > this.#last || request === this.#next) return false;
    if (!tables.calls.has(request) && !tables.endedCalls.has(request, procedure)) {
      throw new ProtocolViolation(`CALL ${request} is neither new nor a part of a progressive call`);
    }
    if (progress !== undefined && typeof progress !== 'boolean') {
      throw new ProtocolViolation('CALL.Options.progress must be true or false');
    }
    return true;
  }

  #count(type: Message['type'], request: Id<'request'>): void {
    const due = this.#next;
    if (request !== due) throw new ProtocolViolation(`${messageName(type)} has request id ${request}; expected ${due}`);
    this.#last = due;
  }

  get #next(): number {
    return this.#last === MAX_ID ? 1 : this.#last + 1;
  }
}

/**
 * Checks the types of HELLO.Details: roles and features are dictionaries, a feature is true or false. Absent values are
 * valid. Throws `ProtocolViolation`. [basic/sessions: HELLO]
 */
export function checkAnnouncement({ roles, authmethods, authid, authextra, agent }: Dict): void {
  demand('roles', dict, roles);
  if (isDict(roles)) {
    for (const [role, announced] of Object.entries(roles)) {
      demand(`roles.${role}`, dict, announced);
      const features = isDict(announced) ? announced['features'] : undefined;
      demand(`roles.${role}.features`, dict, features);
      if (!isDict(features)) continue;
      for (const [name, value] of Object.entries(features)) demand(`roles.${role}.features.${name}`, boolean, value);
    }
  }
  demand('authmethods', names, authmethods);
  demand('authid', name, authid);
  demand('authextra', dict, authextra);
  demand('agent', text, agent);
}

function demand(name: string, kind: Kind, value: unknown): void {
  if (value === undefined || value === null || kind.holds(value)) return;
  throw new ProtocolViolation(`HELLO.Details.${name} must be ${kind.name}`);
}

function checkOptions(type: Message['type'], given: Dict): void {
  const known = knownOptions[type];
  if (known === undefined) return;
  for (const [name, value] of Object.entries(given)) {
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    // Some clients write null for absent options.
    if (kind === undefined || value === null || kind.holds(value)) continue;
    const where = type === MessageType.Error ? 'Details' : 'Options';
    const complaint = `${messageName(type)}.${where}.${name} must be ${kind.name}`;
    // The specification defines no answer to these messages.
    if (type === MessageType.Cancel || type === MessageType.Yield || type === MessageType.Error)
      throw new ProtocolViolation(complaint);
    throw new WampError(ErrorUri.InvalidArgument, [complaint]);
  }
}
