import { ForeignRouter, type ForeignRouterOptions } from './foreign-router.ts';
import type { Candidate } from './measured-router.ts';
import { RouterProcess, type RouterProcessOptions } from './router-process.ts';

/** Our router from this folder. */
export function ours(options: RouterProcessOptions = {}, name = 'wampway'): Candidate {
  return { name, own: true, start: () => RouterProcess.start(options) };
}

/** The same router with codecs that decode and encode everything, and one write for each message. */
export const naive: Candidate = ours({ naive: true }, 'naive');

/** Any other router that runs. */
export function beside(options: ForeignRouterOptions): Candidate {
  return { name: 'beside', own: false, start: () => ForeignRouter.start(options) };
}
