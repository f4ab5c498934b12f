// The parts of autobahn (npm) that the tests use; it brings no types of its own.
declare module 'autobahn' {
  export class Error {
    constructor(error: string, args?: readonly unknown[], kwargs?: object);
    error: string;
    args: unknown[];
    kwargs: Record<string, unknown>;
  }
  export class Result {
    constructor(args?: readonly unknown[], kwargs?: object);
    args: unknown[];
    kwargs: Record<string, unknown>;
  }
  export interface Session {
    id: number;
    subscribe(
      topic: string,
      handler: (args: unknown[] | undefined, kwargs: object | undefined, details: { topic: string }) => void,
      options?: object,
    ): Promise<unknown>;
    publish(topic: string, args?: unknown[], kwargs?: object, options?: object): Promise<unknown>;
    register(
      procedure: string,
      endpoint: (args: unknown[] | undefined, kwargs: object | undefined) => unknown,
      options?: object,
    ): Promise<unknown>;
    call(procedure: string, args?: unknown[], kwargs?: object, options?: object): Promise<unknown>;
  }
  export class Connection {
    constructor(options: object);
    onopen: (session: Session, details: object) => void;
    onclose: (reason: string, details: { reason?: string; message?: string }) => boolean;
    open(): void;
    close(): void;
  }
  const autobahn: {
    Connection: typeof Connection;
    Result: typeof Result;
    Error: typeof Error;
    serializer: Record<'JSONSerializer' | 'MsgpackSerializer' | 'CBORSerializer', new () => object>;
  };
  export default autobahn;
}
