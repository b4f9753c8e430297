import type { Faults, Plan } from './plan.ts'

const MOST_TRIES = 150

/** Takes away what a failure does not need: functions, requests, kinds of faults. */
export async function smaller(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let best = plan
  let tries = 0
  for (let shrunk = true; shrunk && tries < MOST_TRIES; ) {
    shrunk = false
    for (const candidate of candidates(best)) {
      tries += 1
      if (tries >= MOST_TRIES) break
      if (!(await fails(candidate))) continue
      best = candidate
      shrunk = true
      break
    }
  }
  return best
}

function* candidates(plan: Plan): Generator<Plan> {
  for (const { name, parent } of plan.functions) {
    if (parent === undefined) continue
    const gone = new Set([name])
    // Functions come after those that send to them.
    for (const one of plan.functions) if (one.parent !== undefined && gone.has(one.parent)) gone.add(one.name)
    yield { ...plan, functions: plan.functions.filter((one) => !gone.has(one.name)) }
  }
  for (const { id } of plan.requests) {
    if (plan.requests.length > 1) yield { ...plan, requests: plan.requests.filter((one) => one.id !== id) }
  }
  for (const request of plan.requests) {
    if (request.attempts === 1 && request.source === 'now') continue
    const plain = { ...request, attempts: 1, source: 'now' } as const
    yield { ...plan, requests: plan.requests.map((one) => (one.id === request.id ? plain : one)) }
  }
  for (const [fault, chance] of Object.entries(plan.faults)) {
    if (chance > 0) yield { ...plan, faults: { ...plan.faults, [fault]: 0 } as Faults }
  }
}
