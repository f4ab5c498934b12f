import type { Clock, Timer } from '../../../src/base/clock.ts';
import { LineFramer } from '../framing/line-framer.ts';
import type { SimulatedConnection, SimulatedDevice, SimulatedLine } from './simulated-device.ts';

/** Percent of soil moisture that one second of sun removes and one second of water adds. */
const DRYING = 0.4;
const WATERING = 2.5;

/**
 * A greenhouse without hardware, with the protocol of the board in examples/arduino. It sends `MOISTURE 43.1` each
 * second. `RELAY on` and `RELAY off` switch the water and are answered with `OK on` and `OK off`; other commands with
 * `ERR …`. The moisture falls to 20 percent while the water is off and rises to 80 while it is on.
 */
export function simulatedGreenhouse(clock: Clock): SimulatedDevice {
  // Outside the connection: soil and valve keep their state while the cable is unplugged.
  const garden = { moisture: 48, water: false };
  return { connect: line => new Greenhouse(line, clock, garden) };
}

class Greenhouse implements SimulatedConnection {
  readonly #line: SimulatedLine;
  readonly #clock: Clock;
  readonly #garden: { moisture: number; water: boolean };
  readonly #framer = new LineFramer({ delimiter: Buffer.from('\n'), maxLength: 32 });
  #timer: Timer | undefined;

  constructor(line: SimulatedLine, clock: Clock, garden: { moisture: number; water: boolean }) {
    this.#line = line;
    this.#clock = clock;
    this.#garden = garden;
    this.#timer = clock.after(1000, () => this.#reading());
  }

  receive(bytes: Uint8Array): void {
    this.#framer.push(bytes, frame => this.#line.send(`${this.#answer(Buffer.from(frame).toString('latin1'))}\r\n`));
  }

  disconnect(): void {
    this.#timer?.cancel();
  }

  #reading(): void {
    const { moisture, water } = this.#garden;
    this.#garden.moisture = Math.min(80, Math.max(20, moisture + (water ? WATERING : -DRYING)));
    this.#line.send(`MOISTURE ${this.#garden.moisture.toFixed(1)}\r\n`);
    this.#timer = this.#clock.after(1000, () => this.#reading());
  }

  #answer(command: string): string {
    const wanted = /^RELAY (on|off)$/.exec(command)?.[1];
    if (wanted === undefined) return 'ERR unknown command';
    this.#garden.water = wanted === 'on';
    return `OK ${wanted}`;
  }
}
