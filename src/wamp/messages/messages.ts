import type { Dict } from '../dict.ts';
import type { Id } from '../ids.ts';
import type { Payload } from '../payload.ts';
import type { Uri } from '../uri.ts';
import type { MessageType } from './message-type.ts';

type Type = typeof MessageType;

// Fields have the order of the wire. Messages are immutable, because one object may be sent to a thousand sessions.
// URIs are unchecked strings; the router applies the rule of its realm.

export interface HelloMessage {
  readonly type: Type['Hello'];
  readonly realm: Uri;
  readonly details: Dict;
}

export interface WelcomeMessage {
  readonly type: Type['Welcome'];
  readonly session: Id<'session'>;
  readonly details: Dict;
}

export interface AbortMessage {
  readonly type: Type['Abort'];
  readonly details: Dict;
  readonly reason: Uri;
  readonly payload: Payload;
}

export interface ChallengeMessage {
  readonly type: Type['Challenge'];
  readonly method: string;
  readonly extra: Dict;
}

export interface AuthenticateMessage {
  readonly type: Type['Authenticate'];
  readonly signature: string;
  readonly extra: Dict;
}

export interface GoodbyeMessage {
  readonly type: Type['Goodbye'];
  readonly details: Dict;
  readonly reason: Uri;
}

/**
 * The requests that an ERROR can answer. YIELD: the caller cannot receive its result. [advanced/payload_passthru_mode]
 */
export type FailableType =
  | Type['Publish']
  | Type['Subscribe']
  | Type['Unsubscribe']
  | Type['Call']
  | Type['Register']
  | Type['Unregister']
  | Type['Invocation']
  | Type['Yield'];

export interface ErrorMessage {
  readonly type: Type['Error'];
  readonly requestType: FailableType;
  readonly request: Id<'request'>;
  readonly details: Dict;
  readonly error: Uri;
  readonly payload: Payload;
}

export interface PublishMessage {
  readonly type: Type['Publish'];
  readonly request: Id<'request'>;
  readonly options: Dict;
  readonly topic: Uri;
  readonly payload: Payload;
}

export interface PublishedMessage {
  readonly type: Type['Published'];
  readonly request: Id<'request'>;
  readonly publication: Id<'publication'>;
}

export interface SubscribeMessage {
  readonly type: Type['Subscribe'];
  readonly request: Id<'request'>;
  readonly options: Dict;
  readonly topic: Uri;
}

export interface SubscribedMessage {
  readonly type: Type['Subscribed'];
  readonly request: Id<'request'>;
  readonly subscription: Id<'subscription'>;
}

export interface UnsubscribeMessage {
  readonly type: Type['Unsubscribe'];
  readonly request: Id<'request'>;
  readonly subscription: Id<'subscription'>;
}

/**
 * If the router revokes the subscription, `request` is 0 and `details` is present.
 * [advanced/pubsub_subscription_revocation]
 */
export interface UnsubscribedMessage {
  readonly type: Type['Unsubscribed'];
  readonly request: Id<'request'>;
  readonly details: Dict | undefined;
}

export interface EventMessage {
  readonly type: Type['Event'];
  readonly subscription: Id<'subscription'>;
  readonly publication: Id<'publication'>;
  readonly details: Dict;
  readonly payload: Payload;
}

/** Not part of the specification proper: the code that autobahn uses for acknowledged delivery. */
export interface EventReceivedMessage {
  readonly type: Type['EventReceived'];
  readonly publication: Id<'publication'>;
}

export interface CallMessage {
  readonly type: Type['Call'];
  readonly request: Id<'request'>;
  readonly options: Dict;
  readonly procedure: Uri;
  readonly payload: Payload;
}

export interface CancelMessage {
  readonly type: Type['Cancel'];
  readonly request: Id<'request'>;
  readonly options: Dict;
}

export interface ResultMessage {
  readonly type: Type['Result'];
  readonly request: Id<'request'>;
  readonly details: Dict;
  readonly payload: Payload;
}

export interface RegisterMessage {
  readonly type: Type['Register'];
  readonly request: Id<'request'>;
  readonly options: Dict;
  readonly procedure: Uri;
}

export interface RegisteredMessage {
  readonly type: Type['Registered'];
  readonly request: Id<'request'>;
  readonly registration: Id<'registration'>;
}

export interface UnregisterMessage {
  readonly type: Type['Unregister'];
  readonly request: Id<'request'>;
  readonly registration: Id<'registration'>;
}

/**
 * If the router revokes the registration, `request` is 0 and `details` is present.
 * [advanced/rpc_registration_revocation]
 */
export interface UnregisteredMessage {
  readonly type: Type['Unregistered'];
  readonly request: Id<'request'>;
  readonly details: Dict | undefined;
}

export interface InvocationMessage {
  readonly type: Type['Invocation'];
  readonly request: Id<'request'>;
  readonly registration: Id<'registration'>;
  readonly details: Dict;
  readonly payload: Payload;
}

export interface InterruptMessage {
  readonly type: Type['Interrupt'];
  readonly request: Id<'request'>;
  readonly options: Dict;
}

export interface YieldMessage {
  readonly type: Type['Yield'];
  readonly request: Id<'request'>;
  readonly options: Dict;
  readonly payload: Payload;
}

/** Any WAMP message; narrow it by `type`. */
export type Message =
  | HelloMessage
  | WelcomeMessage
  | AbortMessage
  | ChallengeMessage
  | AuthenticateMessage
  | GoodbyeMessage
  | ErrorMessage
  | PublishMessage
  | PublishedMessage
  | SubscribeMessage
  | SubscribedMessage
  | UnsubscribeMessage
  | UnsubscribedMessage
  | EventMessage
  | EventReceivedMessage
  | CallMessage
  | CancelMessage
  | ResultMessage
  | RegisterMessage
  | RegisteredMessage
  | UnregisterMessage
  | UnregisteredMessage
  | InvocationMessage
  | InterruptMessage
  | YieldMessage;

/** The message with the given code. */
export type MessageOf<T extends Message['type']> = Extract<Message, { readonly type: T }>;
