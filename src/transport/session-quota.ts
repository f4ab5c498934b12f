/** How many links a listener may have at one time, whatever transport they came by. */
export class SessionQuota {
  readonly #limit: number;
  #taken = 0;

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.#taken >= this.#limit;
  }

  /** Takes a place. Returns what gives it back; calling that again does nothing. */
  take(): () => void {
    this.#taken++;
    let held = true;
    return () => {
      if (held) this.#taken--;
      held = false;
    };
  }
}
