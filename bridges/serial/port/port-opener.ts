import type { SerialPort, SerialPortMock } from 'serialport';
import type { SimulatedConnection, SimulatedDevices } from '../simulation/simulated-device.ts';
import type { Wire, WireOpener, WireReceiver, WireSettings } from './wire.ts';

/** The path prefix of simulated devices. */
export const SIMULATED = 'demo:';

/** Bytes that may wait for a line that does not accept them (flow control, hung device). */
const MAX_UNWRITTEN = 65_536;

type Port = SerialPort | SerialPortMock;

/** Opens real ports with `serialport`, and simulated ones with its mock binding. Both use the same code afterwards. */
export function portOpener(devices: SimulatedDevices): WireOpener {
  return async (settings, receiver) => {
    // Loaded when the first port is opened: a gateway without ports does not need the memory of the native part.
    const { SerialPort, SerialPortMock } = await import('serialport');
    const options = {
      path: settings.path,
      baudRate: settings.line.baud,
      dataBits: settings.line.bits,
      parity: settings.line.parity,
      stopBits: settings.line.stop,
      rtscts: settings.line.rtscts,
      xon: settings.line.xonxoff,
      xoff: settings.line.xonxoff,
      hupcl: settings.hupcl,
      autoOpen: false,
    } as const;
    if (!settings.path.startsWith(SIMULATED)) {
      const port = new SerialPort(options);
      const wire = new SerialWire(port, receiver);
      await opened(port);
      await setLines(port, settings);
      return wire;
    }
    const device = devices.get(settings.path.slice(SIMULATED.length));
    if (device === undefined) {
      const known = [...devices.keys()].map(name => `${SIMULATED}${name}`).join(', ');
      throw new Error(`No such file or directory: of simulated devices there are ${known || 'none'}`);
    }
    SerialPortMock.binding.createPort(settings.path, { maxReadSize: 65_536 });
    const port = new SerialPortMock(options);
    const wire = new SerialWire(port, receiver);
    await opened(port);
    connectSimulated(port, {
      connect: () =>
        device.connect({
          send: text => {
            if (port.isOpen) port.port?.emitData(text);
          },
          unplug: () => port.close(undefined, new Error('unplugged')),
        }),
    });
    return wire;
  };
}

function opened(port: Port): Promise<void> {
  return new Promise((resolve, reject) => port.open(error => (error ? reject(error) : resolve())));
}

/** Sets DTR and RTS as configured. A pseudo-terminal has neither, which is not an error. */
async function setLines(port: SerialPort, { dtr, rts }: WireSettings): Promise<void> {
  if (dtr === undefined && rts === undefined) return;
  // The library sets omitted signals to their default, which is true for both.
  await new Promise<void>(resolve => port.set({ dtr: dtr ?? true, rts: rts ?? true }, () => resolve()));
}

/** Connects a simulated device to the mock binding, which otherwise only records the written bytes. */
function connectSimulated(port: SerialPortMock, device: { connect(): SimulatedConnection }): void {
  const binding = port.port;
  if (binding === undefined) return;
  const connection = device.connect();
  const write = binding.write.bind(binding);
  binding.write = async bytes => {
    await write(bytes);
    connection.receive(bytes);
  };
  port.once('close', () => connection.disconnect());
}

class SerialWire implements Wire {
  readonly #port: Port;
  #receiver: WireReceiver | undefined;

  constructor(port: Port, receiver: WireReceiver) {
    this.#port = port;
    this.#receiver = receiver;
    port.on('data', (chunk: Uint8Array) => this.#receiver?.data(chunk));
    // A hang-up is reported as `close` with an error, on some systems as the end of the stream.
    port.on('close', (error: unknown) => this.#lost(error instanceof Error ? error.message : 'closed'));
    port.on('end', () => this.#lost('hung up'));
    port.on('error', (error: Error) => this.#lost(error.message));
  }

  write(bytes: Uint8Array): Promise<void> {
    const port = this.#port;
    // The library would keep bytes written to a closed port and send them after the next opening.
    if (this.#receiver === undefined || !port.isOpen) return Promise.reject(new Error('the port is not open'));
    if (port.writableLength > MAX_UNWRITTEN) return Promise.reject(new Error('the serial line accepts no more bytes'));
    return new Promise((resolve, reject) => {
      port.write(bytes, error => (error ? reject(error) : resolve()));
    });
  }

  close(): Promise<void> {
    this.#receiver = undefined;
    return new Promise(resolve => {
      if (this.#port.isOpen) this.#port.close(() => resolve());
      else resolve();
    });
  }

  #lost(reason: string): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (this.#port.isOpen) this.#port.close(() => {});
    receiver?.lost(reason);
  }
}
