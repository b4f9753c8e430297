import type { Cause } from '../../src/decision.ts'
import { type DeclaredFlags, declareFlags } from '../../src/declared-flags.ts'
import type { JsonValue } from '../../src/json.ts'
import { withEvaluatedFlags } from '../../src/lifecycle/wrap.ts'
import type { FlagSource, SourceAnswer, SourceDecision } from '../../src/source.ts'
import { type Random, seededRandom } from '../fuzz/random.ts'
import { worldFlags } from './flag-plan.ts'
import { HeldKeys } from './keys-held.ts'
import { httpEvent } from './network.ts'
import type { Outbox } from './outbox.ts'
import type { FunctionPlan, RequestPlan } from './plan.ts'
import { type Attempt, decidedAtEdge, type Receiver, ScopeModel } from './scope-model.ts'
import { work } from './work.ts'
import type { World } from './world.ts'

type Said = { readonly value: JsonValue; readonly version: number } | { readonly cause: Cause }

/** The first function of the chain: it decides, for each attempt anew. */
export class EdgeFunction {
  readonly #world: World
  readonly #plan: FunctionPlan
  readonly #outboxes: readonly Outbox[]
  readonly #keys: HeldKeys
  readonly #flags: DeclaredFlags
  readonly #handler: (event: { body: string }) => Promise<unknown>
  readonly #requests = new Map<number, { readonly attempt: Attempt; readonly request: RequestPlan }>()
  /** What the source said of an attempt, flag by flag. */
  readonly #said = new Map<number, ReadonlyMap<string, Said>>()

  constructor(world: World, plan: FunctionPlan, outboxes: readonly Outbox[]) {
    this.#world = world
    this.#plan = plan
    this.#outboxes = outboxes
    this.#keys = new HeldKeys(world, plan.keys === 'none')
    this.#flags = declareFlags(plan.declares)
    this.#handler = withEvaluatedFlags((event: { body: string }) => this.#handle(event), {
      flags: this.#flags,
      keys: this.#keys.option(),
      source: this.#source,
      context: ({ body }) => {
        const { attempt } = this.#of(body)
        return attempt.subject === undefined ? undefined : { key: attempt.subject, attempt: attempt.id }
      },
      nowMs: () => world.nowMs,
      observers: [{ reportsCounts: true, end: ({ counts }) => world.counted(counts) }],
      ...(plan.budgetBytes === undefined ? {} : { budgetBytes: plan.budgetBytes }),
    })
  }

  /** One request as its client makes it: once, or again when the answer seems lost. */
  async serve(request: RequestPlan): Promise<void> {
    const { scheduler } = this.#world
    const random = seededRandom(this.#world.plan.seed, 1000 + request.id)
    for (let count = 0; count < request.attempts; count += 1) {
      await scheduler.pause()
      const attempt: Attempt = { id: this.#world.attempts, subject: request.subject }
      this.#world.attempts += 1
      this.#requests.set(attempt.id, { attempt, request })
      const event = httpEvent(random, this.#inbound(request, random), JSON.stringify({ attempt: attempt.id }))
      this.#world.say(() => `request ${request.id} of ${request.subject}, attempt ${attempt.id}`)
      await this.#handler(event as never)
    }
  }

  #inbound({ inbound }: RequestPlan, random: Random): Record<string, string> {
    const seen = this.#world.parcels.flatMap(({ arrived }) => (arrived.kind === 'token' ? [arrived.text] : []))
    if (inbound === 'nothing' || (inbound === 'replayed' && seen.length === 0)) return {}
    this.#world.expect('inbound_discarded')
    return {
      'x-waybill':
        inbound === 'replayed' ? random.pick(seen) : 'wb1.k0.tou41e...tracer:t1:=:1:f.AAAAAAAAAAAAAAAAAAAAAA',
    }
  }

  #of(body: string): { readonly attempt: Attempt; readonly request: RequestPlan } {
    const found = this.#requests.get((JSON.parse(body) as { attempt: number }).attempt)
    if (found === undefined) throw new Error(`no such attempt: ${body}`)
    return found
  }

  async #handle({ body }: { body: string }): Promise<unknown> {
    const { attempt, request } = this.#of(body)
    const world = this.#world
    const failure = failureOf(request)
    if (failure !== undefined) world.expect(failure)
    else if (request.source === 'stale') world.expect('source_stale')
    const said = this.#said.get(attempt.id)
    const flags = decidedAtEdge(
      this.#plan.declares,
      (flag) => (failure === undefined ? (said?.get(flag) ?? { cause: 'flag_not_found' }) : { cause: failure }),
      world.nowSeconds(),
      failure === undefined ? world.expect : () => undefined,
    )
    world.decided.push({ attempt, flags })
    const receiver: Receiver = {
      declares: this.#plan.declares,
      follows: () => [],
      believes: this.#keys.believes,
      checksSubject: false,
      nowSeconds: world.nowSeconds,
      count: world.expect,
    }
    const cargo = { kind: 'decisions', attempt, flags, dropped: 0 } as const
    const scope = new ScopeModel(receiver, { kind: 'nothing' }, attempt.subject, cargo)
    const random = seededRandom(world.plan.seed, 2000 + attempt.id)
    const { plan, outboxes } = { plan: this.#plan, outboxes: this.#outboxes }
    await work({ world, plan, flags: this.#flags, outboxes, scope, attempt, random, fails: undefined })
    return { statusCode: 200 }
  }

  readonly #source: FlagSource = {
    decide: (context, declared): SourceAnswer | Promise<SourceAnswer> => {
      const id = Number((context as { attempt?: unknown }).attempt)
      const request = this.#requests.get(id)?.request
      const random = seededRandom(this.#world.plan.seed, 3000 + id)
      const said = new Map<string, Said>()
      const decisions = declared.map(({ key }) => {
        const one = this.#decide(key, String(request?.subject), random)
        said.set(key, one)
        return one
      })
      this.#said.set(id, said)
      const answer: SourceAnswer = { status: request?.source === 'stale' ? 'stale' : 'live', decisions }
      switch (request?.source) {
        case 'unavailable':
          return { status: 'unavailable' }
        case 'throws':
          throw new Error('planned')
        case 'rejects':
          return this.#world.scheduler.pause().then(() => Promise.reject(new Error('planned')))
        case 'later':
          return this.#world.scheduler.pause().then(() => answer)
        default:
          return answer
      }
    },
  }

  /** By the flag data of this moment: a bucket of the subject, or what kill switches and mistakes make of it. */
  #decide(flag: string, subject: string, random: Random): SourceDecision | { readonly cause: Cause } {
    const { version } = this.#world
    const variations = Object.entries(worldFlags.find(({ key }) => key === flag)?.variations ?? {})
    const dice = random.below(40)
    if (dice === 0 && flag !== 'tracer') return { cause: 'flag_not_found' }
    const salt = this.#world.saltOf(flag)
    const bucket = salt === 0 ? 0 : hashed(`${flag}:${subject}:${salt}`) % variations.length
    const [name = '', value = null] = variations[bucket] ?? []
    const reason = salt === 0 ? 'OFF' : 'FALLTHROUGH'
    if (dice === 1) return { value: [name], variation: name, version, reason }
    if (dice === 2 && typeof value === 'string') return { value: 'unheard of', variation: 'new', version, reason }
    // A system that knows no names: the value tells.
    return { value, variation: dice < 10 ? `v${bucket}` : name, version, reason, bucketed: true }
  }
}

function failureOf({ subject, source }: RequestPlan): Cause | undefined {
  if (subject === undefined) return 'no_subject'
  if (source === 'unavailable') return 'source_unavailable'
  return source === 'throws' || source === 'rejects' ? 'source_failed' : undefined
}

function hashed(text: string): number {
  let hash = 2_166_136_261
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 16_777_619) >>> 0
  return (hash ^ (hash >>> 13)) >>> 0
}
