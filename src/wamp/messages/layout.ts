import type { Dict } from '../dict.ts';
import type { Id, IdScope } from '../ids.ts';
import type { Payload } from '../payload.ts';
import type { Uri } from '../uri.ts';
import { MessageType } from './message-type.ts';
import type { FailableType, Message, MessageOf } from './messages.ts';

/**
 * Reads the elements of one received message, in order, and checks the kind of each. A codec implements it. Every
 * method throws `ProtocolViolation` if the element is missing or of another kind.
 */
export interface FieldReader {
  /** An integer from 1 to 2^53. A float that is a whole number is accepted, because some peers have no integers. */
  id<Scope extends IdScope>(): Id<Scope>;
  /** Like `id`, but also accepts 0. */
  idOrZero<Scope extends IdScope>(): Id<Scope>;
  /** The code of a request that an ERROR can answer. */
  requestType(): FailableType;
  uri(): Uri;
  text(): string;
  dict(): Dict;
  /** A dictionary if one more element exists, otherwise undefined. */
  optionalDict(): Dict | undefined;
  /** All remaining elements: none, a list, or a list and a dictionary. They are checked for well-formedness. */
  payload(): Payload;
}

/** Writes the elements of one message, in order. A codec implements it. */
export interface FieldWriter {
  /** Begins the message: its code, and the number of elements that follow (payload items excluded). */
  open(type: number, elements: number, payload?: Payload): void;
  id(id: number): void;
  text(text: string): void;
  dict(dict: Dict): void;
  payload(payload: Payload): void;
}

/** The elements of one message: the only place that defines the order in which they are read and written. */
export interface Layout<M extends Message> {
  read(r: FieldReader): M;
  write(w: FieldWriter, m: M): void;
}

const T = MessageType;

// biome-ignore format: one row per message is what this table is for
const layouts: { readonly [Type in Message['type']]: Layout<MessageOf<Type>> } = {
  [T.Hello]: {
    read: r => ({ type: T.Hello, realm: r.uri(), details: r.dict() }),
    write: (w, m) => { w.open(m.type, 2); w.text(m.realm); w.dict(m.details); },
  },
  [T.Welcome]: {
    read: r => ({ type: T.Welcome, session: r.id(), details: r.dict() }),
    write: (w, m) => { w.open(m.type, 2); w.id(m.session); w.dict(m.details); },
  },
  [T.Abort]: {
    read: r => ({ type: T.Abort, details: r.dict(), reason: r.uri(), payload: r.payload() }),
    write: (w, m) => { w.open(m.type, 2, m.payload); w.dict(m.details); w.text(m.reason); w.payload(m.payload); },
  },
  [T.Challenge]: {
    read: r => ({ type: T.Challenge, method: r.text(), extra: r.dict() }),
    write: (w, m) => { w.open(m.type, 2); w.text(m.method); w.dict(m.extra); },
  },
  [T.Authenticate]: {
    read: r => ({ type: T.Authenticate, signature: r.text(), extra: r.dict() }),
    write: (w, m) => { w.open(m.type, 2); w.text(m.signature); w.dict(m.extra); },
  },
  [T.Goodbye]: {
    read: r => ({ type: T.Goodbye, details: r.dict(), reason: r.uri() }),
    write: (w, m) => { w.open(m.type, 2); w.dict(m.details); w.text(m.reason); },
  },
  [T.Error]: {
    read: r => ({ type: T.Error, requestType: r.requestType(), request: r.id(), details: r.dict(), error: r.uri(), payload: r.payload() }),
    write: (w, m) => { w.open(m.type, 4, m.payload); w.id(m.requestType); w.id(m.request); w.dict(m.details); w.text(m.error); w.payload(m.payload); },
  },
  [T.Publish]: {
    read: r => ({ type: T.Publish, request: r.id(), options: r.dict(), topic: r.uri(), payload: r.payload() }),
    write: (w, m) => { w.open(m.type, 3, m.payload); w.id(m.request); w.dict(m.options); w.text(m.topic); w.payload(m.payload); },
  },
  [T.Published]: {
    read: r => ({ type: T.Published, request: r.id(), publication: r.id() }),
    write: (w, m) => { w.open(m.type, 2); w.id(m.request); w.id(m.publication); },
  },
  [T.Subscribe]: {
    read: r => ({ type: T.Subscribe, request: r.id(), options: r.dict(), topic: r.uri() }),
    write: (w, m) => { w.open(m.type, 3); w.id(m.request); w.dict(m.options); w.text(m.topic); },
  },
  [T.Subscribed]: {
    read: r => ({ type: T.Subscribed, request: r.id(), subscription: r.id() }),
    write: (w, m) => { w.open(m.type, 2); w.id(m.request); w.id(m.subscription); },
  },
  [T.Unsubscribe]: {
    read: r => ({ type: T.Unsubscribe, request: r.id(), subscription: r.id() }),
    write: (w, m) => { w.open(m.type, 2); w.id(m.request); w.id(m.subscription); },
  },
  [T.Unsubscribed]: {
    read: r => ({ type: T.Unsubscribed, request: r.idOrZero(), details: r.optionalDict() }),
    write: (w, m) => { w.open(m.type, m.details ? 2 : 1); w.id(m.request); if (m.details) w.dict(m.details); },
  },
  [T.Event]: {
    read: r => ({ type: T.Event, subscription: r.id(), publication: r.id(), details: r.dict(), payload: r.payload() }),
    write: (w, m) => { w.open(m.type, 3, m.payload); w.id(m.subscription); w.id(m.publication); w.dict(m.details); w.payload(m.payload); },
  },
  [T.EventReceived]: {
    read: r => ({ type: T.EventReceived, publication: r.id() }),
    write: (w, m) => { w.open(m.type, 1); w.id(m.publication); },
  },
  [T.Call]: {
    read: r => ({ type: T.Call, request: r.id(), options: r.dict(), procedure: r.uri(), payload: r.payload() }),
    write: (w, m) => { w.open(m.type, 3, m.payload); w.id(m.request); w.dict(m.options); w.text(m.procedure); w.payload(m.payload); },
  },
  [T.Cancel]: {
    read: r => ({ type: T.Cancel, request: r.id(), options: r.dict() }),
    write: (w, m) => { w.open(m.type, 2); w.id(m.request); w.dict(m.options); },
  },
  [T.Result]: {
    read: r => ({ type: T.Result, request: r.id(), details: r.dict(), payload: r.payload() }),
    write: (w, m) => { w.open(m.type, 2, m.payload); w.id(m.request); w.dict(m.details); w.payload(m.payload); },
  },
  [T.Register]: {
    read: r => ({ type: T.Register, request: r.id(), options: r.dict(), procedure: r.uri() }),
    write: (w, m) => { w.open(m.type, 3); w.id(m.request); w.dict(m.options); w.text(m.procedure); },
  },
  [T.Registered]: {
    read: r => ({ type: T.Registered, request: r.id(), registration: r.id() }),
    write: (w, m) => { w.open(m.type, 2); w.id(m.request); w.id(m.registration); },
  },
  [T.Unregister]: {
    read: r => ({ type: T.Unregister, request: r.id(), registration: r.id() }),
    write: (w, m) => { w.open(m.type, 2); w.id(m.request); w.id(m.registration); },
  },
  [T.Unregistered]: {
    read: r => ({ type: T.Unregistered, request: r.idOrZero(), details: r.optionalDict() }),
    write: (w, m) => { w.open(m.type, m.details ? 2 : 1); w.id(m.request); if (m.details) w.dict(m.details); },
  },
  [T.Invocation]: {
    read: r => ({ type: T.Invocation, request: r.id(), registration: r.id(), details: r.dict(), payload: r.payload() }),
    write: (w, m) => { w.open(m.type, 3, m.payload); w.id(m.request); w.id(m.registration); w.dict(m.details); w.payload(m.payload); },
  },
  [T.Interrupt]: {
    read: r => ({ type: T.Interrupt, request: r.id(), options: r.dict() }),
    write: (w, m) => { w.open(m.type, 2); w.id(m.request); w.dict(m.options); },
  },
  [T.Yield]: {
    read: r => ({ type: T.Yield, request: r.id(), options: r.dict(), payload: r.payload() }),
    write: (w, m) => { w.open(m.type, 2, m.payload); w.id(m.request); w.dict(m.options); w.payload(m.payload); },
  },
};

// All codes but EVENTRECEIVED are small. An array is faster than a hash on the path of every message.
const byType: (Layout<Message> | undefined)[] = [];
for (const [type, layout] of Object.entries(layouts)) byType[Number(type)] = layout as Layout<Message>;

/** The layout of the message with code `type`. Undefined if no message has this code. */
export function layoutOf(type: number): Layout<Message> | undefined {
  return byType[type];
}
