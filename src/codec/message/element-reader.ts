import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import { ProtocolViolation } from '../../wamp/errors.ts';
import { asId, type Id, type IdScope, isId } from '../../wamp/ids.ts';
import { type FieldReader, layoutOf } from '../../wamp/messages/layout.ts';
import { MessageType, messageName } from '../../wamp/messages/message-type.ts';
import type { FailableType, Message } from '../../wamp/messages/messages.ts';
import { Payload } from '../../wamp/payload.ts';
import { asUri, type Uri } from '../../wamp/uri.ts';

/**
 * Reads messages: the common part of all formats. The subclass moves from element to element and reads each. This class
 * counts the elements and checks that each is valid in its position.
 */
export abstract class ElementReader implements FieldReader {
  #type = 0;
  #index = 0;
  #strict = false;

  /** Enters the list that `frame` must be. */
  protected abstract begin(frame: Uint8Array): void;
  /** Moves to the next element. Returns false, also repeatedly, at the end of the list. */
  protected abstract advance(): boolean;
  /** Reads a number: exact up to 2^53. Returns NaN for a larger integer or another kind of element. */
  protected abstract number(): number;
  /** Reads text. Returns undefined for another kind of element. */
  protected abstract string(): string | undefined;
  /** Reads a dictionary. Returns undefined for another kind of element. */
  protected abstract dictionary(): Dict | undefined;
  /** Reads null. Returns false for another kind of element. */
  protected abstract takeNull(): boolean;
  /** Reads a list, or one binary, and the dictionary that may follow a list. */
  protected abstract tail(): Payload;
  /** Called after the end of the list. Throws if more data follows. */
  protected abstract finish(): void;
  /** The kind of the current element, for error texts. */
  protected abstract kind(): string;

  /** The one message in `frame`. Throws `ProtocolViolation`. `strict` as in `Codec.decode`. */
  read(frame: Uint8Array, strict: boolean): Message {
    this.begin(frame);
    this.#strict = strict;
    this.#type = 0;
    this.#index = -1;
    if (!this.next()) throw new ProtocolViolation('a message is a list that begins with its code; this list is empty');
    const kind = this.kind();
    const type = this.number();
    const layout = layoutOf(type);
    if (layout === undefined) {
      throw new ProtocolViolation(
        Number.isInteger(type)
          ? `there is no message with the code ${type}`
          : `a message begins with its code, not ${kind}`,
      );
    }
    this.#type = type;
    const message = layout.read(this);
    if (this.next()) throw new ProtocolViolation(`${messageName(type)} has no element ${this.#index}`);
    this.finish();
    return message;
  }

  /** Like `advance`, but also counts. */
  protected next(): boolean {
    if (!this.advance()) return false;
    this.#index++;
    return true;
  }

  /** The violation if the current element is of another kind than `wanted`. */
  protected refuse(wanted: string, found = this.kind()): ProtocolViolation {
    return new ProtocolViolation(`${messageName(this.#type)}: element ${this.#index} must be ${wanted}, not ${found}`);
  }

  #need(wanted: string): void {
    if (this.next()) return;
    throw new ProtocolViolation(`${messageName(this.#type)}: element ${this.#index + 1} is missing, ${wanted} is due`);
  }

  id<Scope extends IdScope>(): Id<Scope> {
    this.#need('an id');
    const kind = this.kind();
    const value = this.number();
    if (!isId(value)) throw this.refuse('an id, an integer from 1 to 2^53', received(value, kind));
    return asId(value);
  }

  idOrZero<Scope extends IdScope>(): Id<Scope> {
    this.#need('an id');
    const kind = this.kind();
    const value = this.number();
    if (value === 0) return asId(0);
    if (!isId(value)) throw this.refuse('an integer from 0 to 2^53', received(value, kind));
    return asId(value);
  }

  requestType(): FailableType {
    this.#need('the code of a request');
    const kind = this.kind();
    const value = this.number();
    switch (value) {
      case MessageType.Publish:
      case MessageType.Subscribe:
      case MessageType.Unsubscribe:
      case MessageType.Call:
      case MessageType.Register:
      case MessageType.Unregister:
      case MessageType.Invocation:
      case MessageType.Yield:
        return value;
    }
    throw this.refuse('the code of a request that can fail', received(value, kind));
  }

  uri(): Uri {
    return asUri(this.text());
  }

  text(): string {
    this.#need('text');
    const text = this.string();
    if (text === undefined) throw this.refuse('text');
    return text;
  }

  dict(): Dict {
    this.#need('a dictionary');
    return this.#dictionary();
  }

  optionalDict(): Dict | undefined {
    return this.next() ? this.#dictionary() : undefined;
  }

  #dictionary(): Dict {
    const dict = this.dictionary();
    if (dict === undefined) throw this.refuse('a dictionary');
    return dict;
  }

  payload(): Payload {
    if (!this.next()) return Payload.empty;
    if (!this.takeNothing()) return this.tail();
    return Payload.of([], this.next() && !this.takeNothing() ? this.#dictionary() : EMPTY_DICT);
  }

  /**
   * Reads null in place of arguments or keyword arguments, which some clients send. In strict mode null is not
   * accepted.
   */
  protected takeNothing(): boolean {
    return !this.#strict && this.takeNull();
  }
}

function received(value: number, kind: string): string {
  return Number.isNaN(value) ? kind : String(value);
}
