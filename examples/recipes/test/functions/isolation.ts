import middy from '@middy/core'
import {
  currentWaybill,
  declareFlags,
  type FlagSource,
  keyRing,
  withEvaluatedFlags,
  withHonouredDecisions,
} from '@waybill/core'
import { evaluateFlags, honourDecisions } from '@waybill/middy'

/** Four functions that each answer, after a random pause, with what they see before and after it. */
export const flags = declareFlags({
  seat: { variations: { none: '', left: 'left', middle: 'middle', right: 'right' }, default: 'none' },
})
const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) }, subjectSecret: Buffer.alloc(32, 2) })
const seats = ['left', 'middle', 'right'] as const

const bySeatNumber: FlagSource = {
  decide: (context) => {
    const seat = seats[Number(context['key']) % 3] ?? 'left'
    return { status: 'live', decisions: [{ value: seat, variation: seat, version: 1, reason: 'TARGET_MATCH' }] }
  },
}

interface Seen {
  readonly before: string
  readonly after: string
  readonly subject: string | undefined
  readonly pid: number
}

async function look(): Promise<Seen> {
  const before = flags.get('seat')
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
  return { before, after: flags.get('seat'), subject: currentWaybill()?.subject, pid: process.pid }
}

const edge = { flags, keys, source: bySeatNumber, context: (event: { user?: string }) => ({ key: event.user ?? '' }) }
export const wrappedEdge = withEvaluatedFlags(look, edge)
export const middyEdge = middy(look).use(evaluateFlags(edge))
export const wrappedInner = withHonouredDecisions(look, { flags, keys })
export const middyInner = middy(look).use(honourDecisions({ flags, keys }))
/** Whatever a scope of the invocation before had left behind would show here. */
export const unwrapped = async (): Promise<string> => flags.detail('seat').cause ?? 'leaked'
