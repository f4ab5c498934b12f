import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Behaviour, type Peer, PeerError, type PeerEvent, type PeerResult } from './peer.ts';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../../../..');
const program = join(root, 'test/interop/peers/autobahn_peer.py');

type Kwargs = Readonly<Record<string, unknown>>;

interface Answer {
  readonly id?: number;
  readonly ok?: PeerResult;
  readonly error?: string;
  readonly args?: readonly unknown[];
  readonly event?: PeerEvent;
  readonly joined?: number;
}

/** Autobahn|Python in a separate process. */
export class AutobahnPythonPeer implements Peer {
  readonly name: string;
  readonly events: PeerEvent[] = [];
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, { resolve(result: PeerResult): void; reject(error: unknown): void }>();
  #session = 0;
  #last = 0;

  private constructor(name: string, process: ChildProcessWithoutNullStreams) {
    this.name = name;
    this.#process = process;
  }

  /** Joins over `where`: `ws://host:port/path`, `rs://host:port` or `unix:/path`. */
  static async join(where: string, serializer: 'json' | 'msgpack' | 'cbor'): Promise<AutobahnPythonPeer> {
    const name = `autobahn-python ${where.split(':')[0]} ${serializer}`;
    const python = process.env['PYTHON'] ?? '/usr/bin/python3';
    const child = spawn(python, [program, where, serializer]);
    const peer = new AutobahnPythonPeer(name, child);
    let complaint = '';
    child.stderr.on('data', data => {
      complaint = (complaint + String(data)).slice(-2000);
    });
    await new Promise<void>((joined, failed) => {
      child.on('error', failed);
      child.on('exit', code => {
        const error = new Error(`${name} ended with ${code}: ${complaint}`);
        failed(error);
        for (const { reject } of peer.#waiting.values()) reject(error);
        peer.#waiting.clear();
      });
      createInterface(child.stdout).on('line', line => {
        const answer = JSON.parse(line) as Answer;
        if (answer.joined !== undefined) {
          peer.#session = answer.joined;
          joined();
        } else peer.#handle(answer);
      });
    });
    return peer;
  }

  get session(): number {
    return this.#session;
  }

  async subscribe(topic: string, match: 'exact' | 'prefix' | 'wildcard' = 'exact', options = {}): Promise<void> {
    await this.#ask({ op: 'subscribe', topic, options: { match, ...options } });
  }

  async publish(topic: string, args: readonly unknown[], kwargs: Kwargs = {}, options = {}): Promise<void> {
    await this.#ask({ op: 'publish', topic, args, kwargs, options: { acknowledge: true, ...options } });
  }

  async register(procedure: string, behaviour: Behaviour, options = {}): Promise<void> {
    await this.#ask({ op: 'register', procedure, behaviour, options });
  }

  call(procedure: string, args: readonly unknown[], kwargs: Kwargs = {}, options = {}): Promise<PeerResult> {
    return this.#ask({ op: 'call', procedure, args, kwargs, options });
  }

  async callForProgress(procedure: string, args: readonly unknown[]): Promise<unknown[]> {
    const { args: values } = await this.#ask({ op: 'progress', procedure, args });
    return [...values];
  }

  async callAndCancel(procedure: string, begun: () => Promise<unknown>): Promise<void> {
    const over = this.#ask({ op: 'cancellable', procedure });
    await begun();
    await this.#ask({ op: 'cancel' });
    await over;
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    await ended;
  }

  #ask(command: Kwargs): Promise<PeerResult> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    });
  }

  #handle(answer: Answer): void {
    if (answer.event !== undefined) {
      this.events.push(answer.event);
      return;
    }
    const waiting = this.#waiting.get(answer.id ?? 0);
    this.#waiting.delete(answer.id ?? 0);
    if (answer.error !== undefined) waiting?.reject(new PeerError(answer.error, answer.args ?? []));
    else waiting?.resolve(answer.ok ?? { args: [], kwargs: {} });
  }
}
