import { type Dict, isDict } from '../../../src/wamp/dict.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import { mqttOfPayload, payloadOfMqtt, wholeValue } from '../topics/payload-map.ts';

/**
 * The MQTT payload of a call: `auto`; `value`, the value alone; or JSON in which some strings stand for a part of the
 * call: `$value`, `$args`, `$kwargs`, `$method`, `$n`. The key `...` inserts the keys of an object.
 */
export type PayloadShape = 'auto' | 'value' | { readonly [key: string]: unknown };

export interface DeviceCall {
  readonly payload: Payload;
  readonly method: string;
  readonly n: string;
}

export function shapedPayload(shape: PayloadShape, call: DeviceCall): Uint8Array {
  if (shape === 'auto') return mqttOfPayload(call.payload);
  if (shape === 'value') {
    const { args, kwargs } = call.payload;
    return mqttOfPayload(isEmpty(kwargs) && args.length < 2 ? call.payload : Payload.of([valueIn(call.payload)]));
  }
  return wholeValue(Payload.of([filled(shape, call)]));
}

/**
 * The arguments in an MQTT payload: those of `{"args": […], "kwargs": {…}}`, or a value as the only argument. An empty
 * payload has none. The reverse of `auto`.
 */
export function calledPayload(bytes: Uint8Array): Payload {
  return spread(payloadOfMqtt(bytes));
}

/** Like `calledPayload`, for a value within a payload. */
export function calledValue(value: unknown): Payload {
  return value === undefined ? Payload.empty : spread(Payload.of([value]));
}

function spread(payload: Payload): Payload {
  const [value] = payload.args;
  if (!isDict(value)) return payload;
  const { args = [], kwargs = {}, ...others } = value;
  const isCall = (Object.hasOwn(value, 'args') || Object.hasOwn(value, 'kwargs')) && Object.keys(others).length === 0;
  return isCall && Array.isArray(args) && isDict(kwargs) ? Payload.of(args, kwargs) : payload;
}

function filled(shape: unknown, call: DeviceCall): unknown {
  if (typeof shape === 'string') return named(shape, call);
  if (Array.isArray(shape)) return shape.map(item => filled(item, call));
  if (!isDict(shape)) return shape;
  return Object.fromEntries(
    Object.entries(shape).flatMap(([key, value]) => {
      const made = filled(value, call);
      if (key !== '...') return [[key, made]];
      if (isDict(made)) return Object.entries(made);
      throw new WampError(ErrorUri.InvalidArgument, ['expected keyword arguments, or one object']);
    }),
  );
}

/**
 * The only argument, the list of several, or the keyword arguments as an object. If there are both, an object with
 * both.
 */
function valueIn({ args, kwargs }: Payload): unknown {
  if (isEmpty(kwargs) && args.length > 0) return args.length === 1 ? args[0] : args;
  if (args.length === 0) return kwargs;
  const [only] = args;
  return args.length === 1 && isDict(only) ? { ...only, ...kwargs } : { args, kwargs };
}

function isEmpty(kwargs: Dict): boolean {
  return Object.keys(kwargs).length === 0;
}

function named(name: string, { payload, method, n }: DeviceCall): unknown {
  const { args, kwargs } = payload;
  switch (name) {
    case '$value':
      return valueIn(payload);
    case '$args':
      return args;
    case '$kwargs':
      return kwargs;
    case '$method':
      return method;
    case '$n':
      return n;
    default:
      return name;
  }
}
