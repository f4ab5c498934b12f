import type { Clock } from '../../base/clock.ts';

/** Waits for `work` for at most `milliseconds`. Resolves to whether it completed in time. Rejects if `work` rejects. */
export async function completesWithin(
  work: PromiseLike<unknown>,
  milliseconds: number,
  clock: Clock,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(milliseconds, () => resolve(false));
    work.then(
      () => {
        timer.cancel();
        resolve(true);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
