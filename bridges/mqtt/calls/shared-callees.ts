import type { MqttPeer } from '../source/mqtt-source.ts';
import { AwaitedAnswers } from './awaited-answers.ts';
import type { DeviceCallee, PendingCall } from './device-callee.ts';

/** A callee without a client id: any client that listens may be the device. */
interface Shared {
  readonly callee: DeviceCallee;
  readonly listeners: Set<MqttPeer>;
  /** The client that answered last. */
  answerer: MqttPeer | undefined;
}

/**
 * Devices that are named by topics and not by client ids, such as those of zigbee2mqtt. A listening client may be the
 * device or an observer, so a call is published as on any broker, and any client may answer it.
 */
export class SharedCallees {
  /** The pending calls of all shared callees. */
  readonly awaited = new AwaitedAnswers<PendingCall>();
  readonly #callees = new Map<string, Shared>();
  /** Closed callees by key, until they are unregistered. */
  readonly #closing = new Map<string, Promise<void>>();

  get size(): number {
    return this.#callees.size;
  }

  has(key: string): boolean {
    return this.#callees.has(key);
  }

  /** Registers a callee for its first listener. Rejects if the router refuses. */
  async open(key: string, callee: DeviceCallee, listener: MqttPeer): Promise<void> {
    const shared: Shared = { callee, listeners: new Set([listener]), answerer: undefined };
    this.#callees.set(key, shared);
    await this.#closing.get(key);
    if (this.#callees.get(key) !== shared) return;
    try {
      await callee.open();
    } catch (error) {
      if (this.#callees.get(key) === shared) this.#callees.delete(key);
      throw error;
    }
  }

  join(key: string, listener: MqttPeer): void {
    this.#callees.get(key)?.listeners.add(listener);
  }

  /** A client has unsubscribed. Calls that only this client would have answered fail at once. */
  leave(key: string, listener: MqttPeer): void {
    const shared = this.#callees.get(key);
    if (shared?.listeners.delete(listener) !== true) return;
    if (shared.listeners.size > 0) {
      if (shared.answerer === listener) shared.callee.cancel();
      return;
    }
    this.#callees.delete(key);
    const closed = shared.callee.close().then(() => {
      if (this.#closing.get(key) === closed) this.#closing.delete(key);
    });
    this.#closing.set(key, closed);
  }

  /** Whether a topic carries answers of such a device only. */
  claims(topic: string): boolean {
    for (const { callee } of this.#callees.values()) if (callee.claims(topic)) return true;
    return false;
  }

  /** A message that its client may publish: possibly an answer. */
  tryAnswer(topic: string, payload: Uint8Array, peer: MqttPeer): void {
    // One answer may match several callees.
    for (const callee of new Set(this.awaited.on(topic).map(({ callee }) => callee))) {
      if (callee.tryAnswer(topic, payload)) this.#answeredBy(callee, peer);
    }
  }

  #answeredBy(callee: DeviceCallee, peer: MqttPeer): void {
    for (const shared of this.#callees.values()) if (shared.callee === callee) shared.answerer = peer;
  }
}
