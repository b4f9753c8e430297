import type { PlantedBugs } from '../planted-bug.ts'
import type { BugName } from './browser/state.ts'

export interface BugChoice {
  readonly label: string
  readonly where: string
  readonly bugs: PlantedBugs
}

/**
 * What the page's switch can plant on the canary's way. Half of the notifications fail, so that repeats come through and
 * no stream stands still; a function that dies takes the batch of its neighbours along, so that one has single events.
 */
export const BUGS: Readonly<Record<BugName, BugChoice>> = {
  none: { label: 'None', where: 'The canary is well.', bugs: {} },
  error: {
    label: 'Errors',
    where: 'Half of the canary’s notifications fail.',
    bugs: { 'notify-restaurant': { kind: 'error', share: 0.5 }, 'notify-user': { kind: 'error', share: 0.5 } },
  },
  slowness: {
    label: 'Slowness',
    where: 'notify-user waits 0.2 to 0.8 seconds.',
    bugs: { 'notify-user': { kind: 'slowness', share: 1 } },
  },
  'out-of-memory': {
    label: 'Out of memory',
    where: 'loyalty’s process dies in one event of three.',
    bugs: { loyalty: { kind: 'out-of-memory', share: 0.33 } },
  },
}

export function isBugName(name: unknown): name is BugName {
  return typeof name === 'string' && Object.hasOwn(BUGS, name)
}
