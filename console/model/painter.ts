export interface PainterOptions {
  /** Milliseconds between two paints, at least. */
  readonly interval: number;
  /** Milliseconds from any origin. */
  readonly now: () => number;
  /** Calls back once after so many milliseconds. */
  readonly after: (milliseconds: number, callback: () => void) => void;
  /** Calls back once before the next frame is drawn; not at all while the page is hidden. */
  readonly frame: (callback: () => void) => void;
}

/**
 * Turns any number of changes into few paints: the first is painted at the next frame, those that follow at most once
 * an interval. However many events arrive, the work that a person can see the result of is bounded.
 */
export class Painter {
  readonly #options: PainterOptions;
  readonly #paint: () => void;
  #requested = false;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: PainterOptions, paint: () => void) {
    this.#options = options;
    this.#paint = paint;
  }

  /** Something has changed. Cheap: called for every event. */
  request(): void {
    if (this.#requested) return;
    this.#requested = true;
    const { interval, now, after, frame } = this.#options;
    const wait = this.#last + interval - now();
    if (wait > 0) after(wait, () => frame(this.#run));
    else frame(this.#run);
  }

  readonly #run = (): void => {
    this.#requested = false;
    this.#last = this.#options.now();
    this.#paint();
  };
}
