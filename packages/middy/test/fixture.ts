import {
  createWaybill,
  declareFlags,
  type FlagSource,
  type KeyRing,
  keyRing,
  type Observer,
  type ScopeReport,
  sealToken,
} from '@waybill/core'

const secret = Buffer.alloc(32, 7)
export const keys: KeyRing = keyRing({ signing: { id: 'k1', secret }, subjectSecret: secret })

export const flags = declareFlags({
  'new-order-flow': { variations: { control: false, canary: true }, default: 'control', observe: true },
})

/** Everybody is in the canary; it answers after a while, as a store does. */
export const canaryForAll: FlagSource = {
  decide: async (_context, declared) => {
    await pause()
    return {
      status: 'live',
      decisions: declared.map(() => ({ value: true, variation: 'canary', version: 3, reason: 'FALLTHROUGH' })),
    }
  },
}

/** A token as an edge function would have sealed it. */
export function tokenOf(variation: 'canary' | 'control', subject = 'subject', decidedAtSeconds?: number): string {
  const waybill = createWaybill({
    subject,
    decisions: [{ flag: 'new-order-flow', variation, value: variation === 'canary', version: 3 }],
    ...(decidedAtSeconds === undefined ? {} : { decidedAtSeconds }),
  })
  return sealToken(waybill, keys).token ?? ''
}

/** An observer that keeps what it is told. */
export function notebook(): Observer & { readonly reports: ScopeReport[] } {
  const reports: ScopeReport[] = []
  return { reports, end: (report) => void reports.push(report) }
}

export interface Request {
  readonly userId: string
}

export const ofUser = ({ userId }: Request): { key: string } => ({ key: userId })

/** Lets everything else that is ready go first. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export const lambdaContext = {} as never
