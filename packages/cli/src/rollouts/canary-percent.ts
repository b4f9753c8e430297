import type { NamedFlag } from '@waybill/flags'
import { percentIn, type RolloutPlan, sidesOf } from '@waybill/rollout'

/** What a flag gives a plan's canary; `undefined` where nobody can say: it is shared otherwise, or has lost a variation. */
export function canaryPercent(flag: NamedFlag, plan: Pick<RolloutPlan, 'canary' | 'control'>): number | undefined {
  try {
    return percentIn(flag, sidesOf(flag, plan))
  } catch {
    return undefined
  }
}
