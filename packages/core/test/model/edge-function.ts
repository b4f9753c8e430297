import type { Cause } from '../../src/decision.ts'
import { type DeclaredFlags, declareFlags } from '../../src/declared-flags.ts'
import { acceptOverrides } from '../../src/lifecycle/overrides.ts'
import { withEvaluatedFlags } from '../../src/lifecycle/wrap.ts'
import type { FlagSource, SourceAnswer } from '../../src/source.ts'
import { sealOverride } from '../../src/token/override.ts'
import { type Random, seededRandom } from '../fuzz/random.ts'
import { answered } from './flag-data.ts'
import { HeldKeys } from './keys-held.ts'
import { httpEvent } from './network.ts'
import type { Outbox } from './outbox.ts'
import { type Claim, Pins } from './pins.ts'
import type { FunctionPlan, RequestPlan } from './plan.ts'
import {
  type Attempt,
  decidedAtEdge,
  type Receiver,
  type Said,
  ScopeModel,
  type Sealed,
  travelling,
} from './scope-model.ts'
import { work } from './work.ts'
import type { World } from './world.ts'

interface Known {
  readonly attempt: Attempt
  readonly request: RequestPlan
  /** An override that came with it, if it is one that may be believed. */
  readonly override?: {
    readonly keyId: string
    readonly variations: Readonly<Record<string, string>>
    readonly stolen: boolean
    readonly untilSeconds: number
  }
}

interface EdgeEvent {
  readonly body: string
}

/** The first function of the chain: it decides, for each attempt anew. */
export class EdgeFunction {
  readonly #world: World
  readonly #plan: FunctionPlan
  readonly #outboxes: readonly Outbox[]
  readonly #keys: HeldKeys
  readonly #pins: Pins
  readonly #flags: DeclaredFlags
  readonly #receiver: Receiver
  readonly #handler: (event: EdgeEvent) => Promise<unknown>
  readonly #requests = new Map<number, Known>()
  /** Whether an attempt's override was of a key that was held when it was decided. */
  readonly #believed = new Map<number, ReturnType<HeldKeys['believes']>>()
  /** What the source said of an attempt, flag by flag. */
  readonly #said = new Map<number, ReadonlyMap<string, Said>>()

  constructor(world: World, plan: FunctionPlan, outboxes: readonly Outbox[]) {
    this.#world = world
    this.#plan = plan
    this.#outboxes = outboxes
    this.#keys = new HeldKeys(world, plan.keys === 'none')
    this.#pins = new Pins(world)
    this.#flags = declareFlags(plan.declares)
    this.#receiver = {
      declares: plan.declares,
      follows: () => (plan.followsRecalls ? world.recalls : []),
      believes: this.#keys.believes,
      checksSubject: false,
      nowSeconds: world.nowSeconds,
      count: world.expect,
    }
    const { overridable } = plan
    this.#handler = withEvaluatedFlags((event: EdgeEvent) => this.#handle(event), {
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
      ...(plan.followsRecalls ? { recalls: { current: () => world.recalls } } : {}),
      ...(overridable.length === 0 ? {} : { overrides: acceptOverrides({ flags: overridable }) }),
      ...(plan.pins ? { pin: this.#pins.policy(({ body }: EdgeEvent) => this.#idsOf(body)) } : {}),
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
      const headers = this.#inbound(request, attempt, random)
      const event = httpEvent(random, headers, JSON.stringify({ attempt: attempt.id }))
      this.#world.say(() => `request ${request.id} of ${request.subject}, attempt ${attempt.id}`)
      await this.#handler(event as never)
    }
  }

  #inbound(request: RequestPlan, attempt: Attempt, random: Random): Record<string, string> {
    const { inbound, subject } = request
    const accepts = this.#plan.overridable.length > 0
    this.#requests.set(attempt.id, { attempt, request })
    if (inbound === 'nothing') return {}
    if (inbound === 'override' || inbound === 'stolen-override') {
      const stolen = inbound === 'stolen-override'
      const variations = { tracer: `t${random.below(26)}`, 'extra.1': 'on', 'extra.2': 'on' }
      const { ring } = this.#world.stageAt(this.#world.stage)
      const subjectKey = stolen || subject === undefined ? 'somebody-else' : subject
      const nowMs = (): number => this.#world.nowMs
      const token = sealOverride({ subjectKey, decisions: variations, ttlSeconds: 86_400, nowMs }, ring)
      const override = {
        keyId: ring.signer?.id ?? '',
        variations,
        stolen: stolen || subject === undefined,
        untilSeconds: this.#world.nowSeconds() + 86_400,
      }
      if (accepts) this.#requests.set(attempt.id, { attempt, request, override })
      else this.#world.expect('inbound_discarded')
      return { 'x-waybill': token }
    }
    const seen = this.#world.parcels.flatMap(({ arrived }) => (arrived.kind === 'token' ? [arrived.text] : []))
    if (inbound === 'replayed' && seen.length === 0) return {}
    this.#world.expect('inbound_discarded')
    return { 'X-Waybill': inbound === 'replayed' ? random.pick(seen) : FORGED }
  }

  #of(body: string): Known {
    const found = this.#requests.get((JSON.parse(body) as { attempt: number }).attempt)
    if (found === undefined) throw new Error(`no such attempt: ${body}`)
    return found
  }

  #idsOf(body: string): { request: number; attempt: number } {
    const { attempt, request, override } = this.#of(body)
    // Asked when all is decided: what a pin store is waited for afterwards changes nothing of that.
    if (override !== undefined) this.#believed.set(attempt.id, this.#keys.believes(override.keyId))
    return { request: request.id, attempt: attempt.id }
  }

  async #handle({ body }: EdgeEvent): Promise<unknown> {
    const known = this.#of(body)
    const { attempt } = known
    const world = this.#world
    const claim = this.#plan.pins ? this.#pins.claimOf(attempt.id) : undefined
    const atSeconds = claim?.atSeconds ?? world.nowSeconds()
    const fresh = this.#fresh(known, atSeconds)
    const kept = this.#kept(attempt, claim?.outcome)
    const flags = kept ?? fresh
    const scope = new ScopeModel(this.#receiver, { kind: 'nothing' }, attempt.subject, {
      kind: 'decisions',
      attempt,
      flags,
      dropped: 0,
    })
    if (kept !== undefined) {
      scope.renew((old) => new Map([...fresh].filter(([flag]) => old.includes(flag))), atSeconds)
    }
    world.decided.push({ attempt, flags })
    if (claim?.outcome === 'first')
      this.#pins.remember(attempt.id, new Map([...fresh].map(([flag, one]) => [flag, travelling(one)])))
    const random = seededRandom(world.plan.seed, 2000 + attempt.id)
    const { plan, outboxes } = { plan: this.#plan, outboxes: this.#outboxes }
    await work({ world, plan, flags: this.#flags, outboxes, scope, attempt, random, fails: undefined })
    return { statusCode: 200 }
  }

  /** What was decided for this attempt, by the source and by a tester. */
  #fresh({ attempt, request, override }: Known, atSeconds: number): ReadonlyMap<string, Sealed> {
    const world = this.#world
    const failure = failureOf(request)
    if (failure !== undefined) world.expect(failure)
    else if (request.source === 'stale') world.expect('source_stale')
    const said = this.#said.get(attempt.id)
    const sayOf = (flag: string): Said => said?.get(flag) ?? { cause: 'flag_not_found' }
    const flags = new Map(
      decidedAtEdge(
        this.#plan.declares,
        (flag) => (failure === undefined ? sayOf(flag) : { cause: failure }),
        atSeconds,
        failure === undefined ? world.expect : () => undefined,
      ),
    )
    if (override === undefined) return flags
    const believed = this.#believed.get(attempt.id) ?? this.#keys.believes(override.keyId)
    if (believed !== true) world.expect(believed)
    else if (override.stolen) world.expect('wrong_subject')
    else if (atSeconds >= override.untilSeconds) world.expect('expired')
    else this.#override(flags, override.variations, atSeconds)
    return flags
  }

  #override(flags: Map<string, Sealed>, variations: Readonly<Record<string, string>>, atSeconds: number): void {
    const { declares, overridable } = this.#plan
    const meant = Object.entries(variations).filter(([flag]) => overridable.includes(flag) && flag in declares)
    if (meant.length === 0) this.#world.expect('inbound_discarded')
    for (const [flag, variation] of meant) {
      const value = declares[flag]?.variations[variation]
      this.#world.expect(value === undefined ? 'undeclared_variation' : 'overridden')
      if (value === undefined) continue
      const version = flags.get(flag)?.version ?? 0
      flags.set(flag, { variation, value, version, decidedAtSeconds: atSeconds, local: { origin: 'override' } })
    }
  }

  /** The decisions of the request's first attempt, if they are to be followed. */
  #kept(attempt: Attempt, outcome: Claim['outcome'] | undefined): ReadonlyMap<string, Sealed> | undefined {
    const world = this.#world
    if (attempt.subject === undefined || !this.#plan.pins) return undefined
    if (outcome === undefined || outcome === 'failed') {
      world.expect('pin_failed')
      return undefined
    }
    if (outcome === 'first') return undefined
    const believed = this.#keys.believes(outcome.keyId)
    world.expect(believed === true ? 'pinned' : believed)
    return believed === true ? outcome.flags : undefined
  }

  readonly #source: FlagSource = {
    decide: (context, declared): SourceAnswer | Promise<SourceAnswer> => {
      const id = Number((context as { attempt?: unknown }).attempt)
      const request = this.#requests.get(id)?.request
      const { decisions, said } = answered(this.#world, String(request?.subject), 3000 + id, declared)
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
}

const FORGED = 'wb1.k0.tou41e...tracer:t1:=:1:f.AAAAAAAAAAAAAAAAAAAAAA'

function failureOf({ subject, source }: RequestPlan): Cause | undefined {
  if (subject === undefined) return 'no_subject'
  if (source === 'unavailable') return 'source_unavailable'
  return source === 'throws' || source === 'rejects' ? 'source_failed' : undefined
}
