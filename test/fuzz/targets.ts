import type { Wire } from '../support/bare-peer.ts';
import type { BareSerializer } from '../support/bare-serializer.ts';
import type { GatewayPorts } from '../support/gateway-process.ts';
import type { Draw } from './mutation.ts';
import { babble, converse, mqttStreams, poll } from './peers.ts';

/** A listener, and a kind of peer that attacks it. */
export interface FuzzTarget {
  readonly name: string;
  /** Runs one peer from its connection to its end. Rejects if the gateway treated it in a forbidden way. */
  run(ports: GatewayPorts, draw: Draw): Promise<void>;
}

/** All targets of `npm run fuzz`. Add each new listener here. */
export function fuzzTargets(wires: readonly Wire[], serializers: readonly BareSerializer[]): readonly FuzzTarget[] {
  const device = (ports: GatewayPorts): GatewayPorts => ({ ...ports, rawSocket: ports.device });
  const cborWire = wires.find(({ name }) => name === 'rawsocket cbor');
  return [
    ...wires.map(wire => ({ name: wire.name, run: (ports: GatewayPorts, draw: Draw) => converse(ports, wire, draw) })),
    ...serializers.map(serializer => ({
      name: `long-poll ${serializer.name}`,
      run: (ports: GatewayPorts, draw: Draw) => poll(ports, serializer, draw),
    })),
    ...(cborWire === undefined
      ? []
      : [{ name: 'cbor-tcp', run: (ports: GatewayPorts, draw: Draw) => converse(device(ports), cborWire, draw) }]),
    { name: 'octets on the web port', run: ({ web }, draw) => babble(web, draw) },
    { name: 'octets on the RawSocket port', run: ({ rawSocket }, draw) => babble(rawSocket, draw) },
    { name: 'octets on the cbor-tcp port', run: ({ device: port }, draw) => babble(port, draw) },
    { name: 'MQTT', run: ({ mqtt }, draw) => babble(mqtt, draw, mqttStreams) },
    { name: 'octets on the MQTT port', run: ({ mqtt }, draw) => babble(mqtt, draw) },
  ];
}
