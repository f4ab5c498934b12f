/** A simulated device's end of its line. */
export interface SimulatedLine {
  send(text: string): void;
  /** As if the cable were pulled. */
  unplug(): void;
}

/** A device without hardware: what it does while its port is open. */
export interface SimulatedDevice {
  /** The port has been opened. */
  connect(line: SimulatedLine): SimulatedConnection;
}

export interface SimulatedConnection {
  /** Bytes that were written to the device. */
  receive(bytes: Uint8Array): void;
  /** The port has been closed. */
  disconnect(): void;
}

/** Simulated devices by the name in `path: demo:NAME`. */
export type SimulatedDevices = ReadonlyMap<string, SimulatedDevice>;
