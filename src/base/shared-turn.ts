/** Milliseconds of work within one turn of the event loop. Further work waits for the next turn. */
const TURN_MILLISECONDS = 2;

/** Milliseconds of work for one peer. After that, the waiting peers are served before it. */
const QUANTUM_MILLISECONDS = 0.5;

/** Empty places at the head of a queue before the queue is copied without them. */
const MAX_EMPTY = 1000;

/** The pending input of one peer: a flow of RFC 8290. */
export interface Flow {
  /**
   * Handles a part of the input. False if there was none. Otherwise the flow calls `spend`, then `next`, at the end.
   */
  goOn(): boolean;
}

/** The part of the turns that one peer has used. */
export class TurnShare {
  /** Milliseconds used of the quantum. */
  used = 0;
  /** The end of the queue of old flows when the last quantum was used up, counted in flows since the start. */
  stamp = 0;
}

/** Waiting flows, in order. */
class FlowQueue {
  #flows: Flow[] = [];
  #first = 0;
  #left = 0;

  get length(): number {
    return this.#flows.length - this.#first;
  }

  /** Flows that have left the queue since the start. */
  get left(): number {
    return this.#left;
  }

  push(flow: Flow): void {
    this.#flows.push(flow);
  }

  shift(): Flow | undefined {
    const flow = this.#flows[this.#first];
    if (flow === undefined) return undefined;
    this.#left++;
    this.#first++;
    if (this.#first === this.#flows.length || this.#first > MAX_EMPTY) {
      this.#flows = this.#flows.slice(this.#first);
      this.#first = 0;
    }
    return flow;
  }
}

/**
 * Divides a turn of the event loop among all peers. From one check phase of the loop to the next, all peers together
 * are read for a limited time, whatever their number. Peers with more input wait in a queue. A peer that sends rarely
 * is served before peers that send without pause: its flow is `new` until it has used its quantum. It becomes new again
 * when every flow that waited at that time has been served. These are the new and old flows of RFC 8290, section 4.1.
 */
export class SharedTurn {
  #spent = 0;
  readonly #new = new FlowQueue();
  readonly #old = new FlowQueue();
  #scheduled = false;

  /**
   * Whether a peer is read at once. Its flow has to be new, and this turn has to have time left. `brief` input has
   * twice the time of a turn. Therefore a peer that sends rarely does not wait for the next turn behind one that sends
   * without pause.
   */
  admits(share: TurnShare, brief: boolean): boolean {
    return this.#spent <= (brief ? 2 * TURN_MILLISECONDS : TURN_MILLISECONDS) && this.#isNew(share);
  }

  /** Whether this turn has time left and no peer waits. */
  get isIdle(): boolean {
    return this.#spent <= TURN_MILLISECONDS && !this.#hasWaiting;
  }

  /** Adds the duration of work for a peer to this turn. */
  spend(share: TurnShare, milliseconds: number): void {
    if (milliseconds <= 0) return;
    this.#spent += milliseconds;
    this.#schedule();
    share.used += milliseconds;
    if (share.used < QUANTUM_MILLISECONDS) return;
    share.used = 0;
    share.stamp = this.#old.left + this.#old.length;
  }

  /** Adds a flow to its queue. */
  wait(flow: Flow, share: TurnShare): void {
    (this.#isNew(share) ? this.#new : this.#old).push(flow);
    this.#schedule();
  }

  /** Adds a flow behind all others, because it has just been served. */
  waitLast(flow: Flow): void {
    this.#old.push(flow);
    this.#schedule();
  }

  /** Serves the first waiting flow, if this turn has time left. */
  next(): void {
    while (this.#spent <= TURN_MILLISECONDS) {
      const flow = this.#new.shift() ?? this.#old.shift();
      if (flow === undefined || flow.goOn()) return;
    }
  }

  get #hasWaiting(): boolean {
    return this.#new.length > 0 || this.#old.length > 0;
  }

  #isNew({ stamp }: TurnShare): boolean {
    return this.#old.left >= stamp;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#spent = 0;
      if (this.#hasWaiting) this.#schedule();
      this.next();
    });
  }
}

export const sharedTurn = new SharedTurn();
