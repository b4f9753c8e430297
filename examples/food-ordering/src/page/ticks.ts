import { OVERVIEW, servicePanels } from '@waybill/dashboards'
import type { RolloutSection } from './browser/rollout-state.ts'
import type { BugName, Change, FlagState, Frame, LoadCounts, PageState, Welcome } from './browser/state.ts'
import { panelKey } from './browser/state.ts'
import { functionNumbers, trafficOf, verdictsOf } from './function-numbers.ts'
import type { LiveMetrics } from './live-metrics.ts'
import type { Operator } from './operator.ts'
import { panelLines, type View } from './panel-lines.ts'

export interface TicksOptions {
  readonly metrics: LiveMetrics
  readonly operator: Pick<Operator, 'state' | 'changes'>
  readonly bug: () => BugName
  readonly load: () => LoadCounts
  readonly rollout: () => RolloutSection
  readonly names: Pick<View, 'flag' | 'canary' | 'control' | 'services'>
  readonly nowMs: () => number
}

/** What the page shows, second by second. */
export interface Ticks {
  welcome(): Welcome
  start(publish: (state: PageState) => void): void
  /** Resolves when nothing is under way. */
  stop(): Promise<void>
}

/** A point sums up so much. */
const WINDOW_SECONDS = 10
/** What the charts show. */
const SHOWN_SECONDS = 120
export const KEPT_SECONDS: number = SHOWN_SECONDS + WINDOW_SECONDS
/** Values of a batch may wait a tenth of a second for each other: a second is looked at when it is over for so long. */
const LATE_MS = 300

export function pageTicks({ metrics, operator, bug, load, rollout, names, nowMs }: TicksOptions): Ticks {
  const perService = Object.fromEntries(names.services.map((service) => [service, servicePanels(service)]))
  const panels = [...OVERVIEW, ...Object.values(perService).flat()]
  const frames: Frame[] = []
  let timer: NodeJS.Timeout | undefined
  let ticking = Promise.resolve()
  let flag: FlagState = { on: false, percent: 0, version: 0 }
  let changes: readonly Change[] = []

  const viewOf = (atSeconds: number): View => ({ ...names, metrics, windowSeconds: WINDOW_SECONDS, atSeconds })

  const readFlag = async (): Promise<void> => {
    const read = await operator.state()
    if (read.version !== flag.version) changes = await operator.changes()
    flag = read
  }

  const tick = async (publish: (state: PageState) => void): Promise<void> => {
    // A store that does not answer is no reason to stand still.
    await readFlag().catch(() => undefined)
    const atSeconds = Math.floor((nowMs() - LATE_MS) / 1000) - 1
    if (atSeconds <= (frames.at(-1)?.atSeconds ?? 0)) return
    const view = viewOf(atSeconds)
    const frame = {
      atSeconds,
      panels: Object.fromEntries(panels.map((panel) => [panelKey(panel), panelLines(panel, view)])),
    }
    frames.push(frame)
    if (frames.length > SHOWN_SECONDS) frames.shift()
    const functions = functionNumbers(view)
    publish({
      frame,
      functions,
      traffic: trafficOf(view),
      verdicts: verdictsOf(functions, names.canary),
      flag,
      bug: bug(),
      load: load(),
      rollout: rollout(),
      changes,
      malformedLines: metrics.malformedLines(),
    })
  }

  return {
    welcome: () => ({
      flag: names.flag,
      canary: names.canary,
      control: names.control,
      services: names.services,
      overview: OVERVIEW,
      servicePanels: perService,
      windowSeconds: WINDOW_SECONDS,
      keptSeconds: SHOWN_SECONDS,
      history: frames,
    }),
    start: (publish) => {
      const next = (): void => {
        timer = setTimeout(
          () => {
            ticking = tick(publish)
            void ticking.then(() => {
              if (timer !== undefined) next()
            })
          },
          1000 - ((nowMs() - LATE_MS) % 1000),
        )
      }
      next()
    },
    stop: async () => {
      clearTimeout(timer)
      timer = undefined
      await ticking
    },
  }
}
