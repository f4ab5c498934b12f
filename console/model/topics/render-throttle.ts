export interface RenderThrottleOptions {
  /** Minimum number of milliseconds between two renderings. */
  readonly interval: number;
  /** Milliseconds from any origin. */
  readonly now: () => number;
  /** Calls back once after the given number of milliseconds. */
  readonly after: (milliseconds: number, callback: () => void) => void;
  /** Calls back once before the next frame. While the page is hidden, it does not call back. */
  readonly frame: (callback: () => void) => void;
}

/**
 * Limits how often the page renders. The first change is rendered in the next frame, later changes at most once per
 * interval. A flood of events therefore cannot keep the browser busy with renderings that a person cannot see.
 */
export class RenderThrottle {
  readonly #options: RenderThrottleOptions;
  readonly #render: () => void;
  #requested = false;
  #lastRendering = Number.NEGATIVE_INFINITY;

  constructor(options: RenderThrottleOptions, render: () => void) {
    this.#options = options;
    this.#render = render;
  }

  /** Requests a rendering after a change. Called for every event, so it must be cheap. */
  request(): void {
    if (this.#requested) return;
    this.#requested = true;
    const { interval, now, after, frame } = this.#options;
    const wait = this.#lastRendering + interval - now();
    if (wait > 0) after(wait, () => frame(this.#run));
    else frame(this.#run);
  }

  readonly #run = (): void => {
    this.#requested = false;
    this.#lastRendering = this.#options.now();
    this.#render();
  };
}
