/** The line of a simulated device, as the device uses it. */
export interface SimulatedLine {
  send(text: string): void;
  /** Simulates an unplugged cable. */
  unplug(): void;
}

/** A device without hardware: its behaviour while its port is open. */
export interface SimulatedDevice {
  /** The port was opened. */
  connect(line: SimulatedLine): SimulatedConnection;
}

export interface SimulatedConnection {
  /** Bytes that were written to the device. */
  receive(bytes: Uint8Array): void;
  /** The port was closed. */
  disconnect(): void;
}

/** Simulated devices by the name in `path: demo:NAME`. */
export type SimulatedDevices = ReadonlyMap<string, SimulatedDevice>;
