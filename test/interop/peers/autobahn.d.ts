// The parts of autobahn (npm) that the tests use. The package has no types.
declare module 'autobahn' {
  interface Outcome {
    args: unknown[];
    kwargs: Record<string, unknown>;
  }
  interface Failure extends Outcome {
    error: string;
  }
  export interface Event {
    topic: string;
    publisher?: number;
    retained?: boolean;
  }
  export interface Invocation {
    procedure: string;
    caller?: number;
    progress?: (args: unknown[]) => void;
  }
  export interface Call extends PromiseLike<unknown> {
    then(fulfilled: undefined, rejected: undefined, progressed: (value: unknown) => void): PromiseLike<unknown>;
    then<A = unknown, B = never>(
      fulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
      rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
    ): PromiseLike<A | B>;
    cancel(options?: object): void;
  }
  export interface Session {
    id: number;
    subscribe(
      topic: string,
      handler: (args: unknown[] | undefined, kwargs: object | undefined, details: Event) => void,
      options?: object,
    ): Promise<unknown>;
    publish(topic: string, args?: unknown[], kwargs?: object, options?: object): Promise<unknown>;
    register(
      procedure: string,
      endpoint: (args: unknown[] | undefined, kwargs: object | undefined, details: Invocation) => unknown,
      options?: object,
    ): Promise<unknown>;
    call(procedure: string, args?: unknown[], kwargs?: object, options?: object): Call;
  }
  export interface Connection {
    onopen: (session: Session, details: object) => void;
    onclose: (reason: string, details: { reason?: string; message?: string }) => boolean;
    open(): void;
    close(): void;
  }
  const autobahn: {
    Connection: new (options: object) => Connection;
    Result: new (args?: readonly unknown[], kwargs?: object) => Outcome;
    Error: new (error: string, args?: readonly unknown[], kwargs?: object) => Failure;
    auth_cra: {
      sign(key: string, challenge: string | undefined): string;
      derive_key(secret: string, salt: string, iterations?: string, keylen?: string): string;
    };
    auth_cryptosign: { sign_challenge(key: { secretKey: Uint8Array }, extra: object): string };
    serializer: Record<'JSONSerializer' | 'MsgpackSerializer' | 'CBORSerializer', new () => object>;
  };
  export default autobahn;
}
