import { currentWaybill } from '../../src/current.ts'
import { type DeclaredFlags, declareFlags } from '../../src/declared-flags.ts'
import { isWaybillError } from '../../src/errors.ts'
import type { InnerOptions } from '../../src/lifecycle/inner.ts'
import { inboundModes } from '../../src/lifecycle/modes.ts'
import { scopeRecords, withRecordScope } from '../../src/lifecycle/record.ts'
import { evaluateExpired } from '../../src/lifecycle/reevaluate.ts'
import { withEvaluatedFlags, withHonouredDecisions } from '../../src/lifecycle/wrap.ts'
import type { Observer } from '../../src/observer.ts'
import type { FlagSource } from '../../src/source.ts'
import { seededRandom } from '../fuzz/random.ts'
import { aggregate, type Handled } from './aggregate.ts'
import { answered } from './flag-data.ts'
import { HeldKeys } from './keys-held.ts'
import { idIn, sameText } from './messages.ts'
import type { Callable } from './network.ts'
import type { Outbox } from './outbox.ts'
import type { FunctionPlan } from './plan.ts'
import { decidedAtEdge, type Receiver, type Said, ScopeModel, type Sealed } from './scope-model.ts'
import type { Input } from './sdk.ts'
import { transports } from './transports/list.ts'
import type { Transport } from './transports/transport.ts'
import { isSame, work } from './work.ts'
import type { Parcel, World } from './world.ts'

const HTTP: Pick<Transport, 'inbound' | 'textOf'> = { inbound: 'event', textOf: (event) => String(event['body']) }

type Handler = (event: Input, lambdaContext: unknown) => Promise<unknown>

/** A function behind the edge: it honours what came, and sends on. */
export class InnerFunction implements Callable {
  readonly name: string
  readonly batchSize: number
  readonly checksSubject: boolean
  readonly #world: World
  readonly #plan: FunctionPlan
  readonly #outboxes: readonly Outbox[]
  readonly #transport: Pick<Transport, 'inbound' | 'textOf'>
  readonly #flags: DeclaredFlags
  readonly #receiver: Receiver
  readonly #handler: Handler
  /** What the flag data said anew of a message. */
  readonly #said = new Map<number, ReadonlyMap<string, Said>>()
  #invocations = 0

  constructor(world: World, plan: FunctionPlan, outboxes: readonly Outbox[]) {
    this.name = plan.name
    this.batchSize = plan.link?.batchSize ?? 1
    this.checksSubject = plan.checksSubject
    this.#world = world
    this.#plan = plan
    this.#outboxes = outboxes
    this.#transport = transports[plan.link?.transport ?? ''] ?? HTTP
    this.#flags = declareFlags(plan.declares)
    const keys = new HeldKeys(world, plan.keys === 'none')
    this.#receiver = {
      declares: plan.declares,
      follows: () => (plan.followsRecalls ? world.recalls : []),
      believes: keys.believes,
      checksSubject: plan.checksSubject,
      nowSeconds: world.nowSeconds,
      count: world.expect,
    }
    const observer: Observer = {
      reportsCounts: true,
      ...(plan.observes ? { begin: (scope) => void scope.observed() } : {}),
      end: ({ counts }) => world.counted(counts),
    }
    const options: InnerOptions = {
      flags: this.#flags,
      keys: keys.option(),
      nowMs: () => world.nowMs,
      observers: [observer],
      ...(plan.followsRecalls ? { recalls: { current: () => world.recalls } } : {}),
      ...(plan.checksSubject ? { subject: (one: Input) => this.#subjectOf(one) } : {}),
      ...(plan.evaluates
        ? { evaluate: evaluateExpired({ source: this.#source, context: (one: Input) => this.#contextOf(one) }) }
        : {}),
      undecided: plan.undecided,
      onRefused: plan.onRefused,
    }
    if (this.#transport.inbound === 'records') {
      this.#handler = this.#batchHandler(options)
      return
    }
    const handler = this.#wrapped(async (event: Input) => {
      await this.#one(event)
      return { statusCode: 200 }
    }, options)
    this.#handler = async (event, lambdaContext) => {
      try {
        return await handler(event, lambdaContext)
      } catch (error) {
        this.#failed(this.#parcelOf(event), error)
        throw error
      }
    }
  }

  /** As an inner function, or as an edge that honours what its own chain sends it: the two are to be the same. */
  #wrapped(handler: Handler, options: InnerOptions): Handler {
    if (!this.#plan.edgeToo) return withHonouredDecisions(handler, options)
    const { evaluate: _, ...common } = options
    return withEvaluatedFlags(handler, {
      ...common,
      source: this.#source,
      context: (one: Input) => this.#contextOf(one),
      modes: inboundModes({ '*': 'honour' }),
    })
  }

  #contextOf(eventOrRecord: Input): { key: string; parcel: number } | undefined {
    const { id, attempt } = this.#parcelOf(eventOrRecord)
    return attempt?.subject === undefined ? undefined : { key: attempt.subject, parcel: id }
  }

  /** For what is too old: by the flag data of this moment. */
  readonly #source: FlagSource = {
    decide: (context, flags) => {
      const { key, parcel } = context as { key: string; parcel: number }
      const { decisions, said } = answered(this.#world, key, 7_000_000 + parcel, flags)
      this.#said.set(parcel, said)
      return { status: 'live', decisions }
    },
  }

  /** A handler failed as planned, or a policy threw in its place: then the policy must say so. */
  #failed(parcel: Parcel, error: unknown): void {
    if (!isWaybillError(error)) {
      if (!String(error).includes('planned')) this.#world.blame('crash', `${this.name}: ${(error as Error).stack}`)
      return
    }
    const scope = this.#scopeOf(parcel)
    const expected = scope.insists(this.#plan.undecided, this.#plan.onRefused)
    if (error.code !== expected) this.#world.blame('wrong', `${this.name} threw ${error.code}, not ${expected}`)
    parcel.refused = true
  }

  #scopeOf(parcel: Parcel): ScopeModel {
    if (parcel.changed) this.#world.expect('old_stamp')
    return new ScopeModel(this.#receiver, parcel.arrived, parcel.attempt?.subject)
  }

  invoke(event: Input, lambdaContext: unknown): Promise<unknown> {
    this.#invocations += 1
    return this.#handler(event, lambdaContext)
  }

  #subjectOf(eventOrRecord: Input): { key: string } | undefined {
    const key = this.#parcelOf(eventOrRecord).attempt?.subject
    return key === undefined ? undefined : { key }
  }

  #parcelOf(eventOrRecord: Input): Parcel {
    const parcel = this.#world.parcels[idIn(this.#transport.textOf(eventOrRecord)) ?? -1]
    if (parcel === undefined) throw new Error(`${this.name} got what nobody sent: ${JSON.stringify(eventOrRecord)}`)
    return parcel
  }

  #batchHandler(options: InnerOptions): Handler {
    const { records } = this.#plan
    const alone = records === 'alone'
    // Invocations that run at the same time share it: whose records they are makes no difference to a merge.
    let handled: Handled[] = []
    const one = (record: Input): Promise<void> => this.#one(record, handled)
    const inScope = withRecordScope(one, alone ? options : undefined)
    const processor = scopeRecords({
      processRecord: async (record: Input) => {
        try {
          await one(record)
          return ['success', undefined, record]
        } catch (error) {
          return ['fail', error, record]
        }
      },
      failureHandler: (record: Input, error: Error) => ['fail', error, record],
    })
    const onRecord = async (record: Input): Promise<void> => {
      // Parsers make another object of a record and keep its ids.
      if (records !== 'processor') return inScope(records === 'sequential' ? { ...record } : record)
      const [status, error] = (await processor.processRecord(record as never)) as [string, unknown]
      if (status === 'fail') throw error
    }
    const handle = async (event: Input, _context: unknown): Promise<unknown> => {
      const all = (event['Records'] ?? event['records']) as readonly Input[]
      const failures: number[] = []
      handled = []
      const run = async (record: Input): Promise<void> => {
        const parcel = this.#parcelOf(record)
        await onRecord(record).catch((error: unknown) => {
          failures.push(parcel.id)
          this.#failed(parcel, error)
        })
      }
      await this.#betweenRecords(alone)
      if (records === 'sequential') for (const record of all) await run(record)
      else await Promise.all(all.map(run))
      if (this.#plan.merges && !alone) await aggregate(this.#world, this.name, this.#receiver, handled, this.#outboxes)
      // What is buffered is sent before the invocation ends, or by a later one.
      for (const outbox of this.#outboxes) if (this.#invocations % 3 !== 0) await outbox.flush()
      return { failures }
    }
    return alone ? handle : this.#wrapped(handle, options)
  }

  /** The batch's own scope has no decisions: what is read there is the default, what is sent there carries nothing. */
  async #betweenRecords(alone: boolean): Promise<void> {
    const world = this.#world
    const random = seededRandom(world.plan.seed, 5_000_000 + world.scheduler.steps)
    if (random.chance(0.2)) {
      const cause = alone ? 'no_scope' : 'undecided'
      world.expect(cause)
      const declaration = this.#plan.declares['tracer']
      const variation = declaration?.default ?? ''
      const expected = {
        variation,
        value: declaration?.variations[variation] ?? null,
        version: 0,
        origin: 'default',
        cause,
      } as const
      const actual = this.#flags.detail('tracer')
      if (!isSame(expected, actual))
        world.blame('leak', `${this.name}: the batch's own scope answers ${actual.variation}`)
      // Once more is counted once, where there is a scope to remember it.
      if (alone) return
      this.#flags.detail('tracer')
    }
    if (random.chance(0.1)) for (const outbox of this.#outboxes) await outbox.send(undefined, undefined, random)
  }

  get #renews(): boolean {
    return Object.values(this.#plan.declares).some(({ whenExpired }) => whenExpired === 'evaluate')
  }

  #madeAnew(parcel: Parcel, old: readonly string[]): ReadonlyMap<string, Sealed> {
    const { expect } = this.#world
    const declares = Object.fromEntries(Object.entries(this.#plan.declares).filter(([flag]) => old.includes(flag)))
    const said = this.#said.get(parcel.id)
    const nobody = parcel.attempt?.subject === undefined
    if (nobody) expect('no_subject')
    const sayOf = (flag: string): Said =>
      nobody ? { cause: 'no_subject' } : (said?.get(flag) ?? { cause: 'no_scope' })
    return decidedAtEdge(declares, sayOf, this.#world.nowSeconds(), nobody ? () => undefined : expect)
  }

  /** One request or record, in its scope. */
  async #one(eventOrRecord: Input, handled?: Handled[]): Promise<void> {
    const { plan, world, outboxes } = { plan: this.#plan, world: this.#world, outboxes: this.#outboxes }
    const text = this.#transport.textOf(eventOrRecord)
    const parcel = this.#parcelOf(eventOrRecord)
    if (!sameText(text, parcel.text))
      world.blame('altered', `parcel-${parcel.id} arrived as ${text}, sent as ${parcel.text}`)
    const attempt = parcel.attempt ?? { id: -1, subject: undefined }
    const scope = this.#scopeOf(parcel)
    const insists = scope.insists(plan.undecided, plan.onRefused)
    if (insists !== undefined) world.blame('wrong', `${this.name} ran, and its policy is to throw ${insists}`)
    if (this.#renews) scope.renew((old) => this.#madeAnew(parcel, old), world.nowSeconds())
    world.say(() => `${this.name} handles parcel-${parcel.id} of ${attempt.subject}`)
    if (plan.observes) for (const flag of scope.observed()) scope.answer(flag)
    const fails = parcel.failuresLeft > 0 ? (parcel.id % 2 === 0 ? 'before' : 'after') : undefined
    parcel.failuresLeft -= 1
    const random = seededRandom(world.plan.seed, 10_000 + world.scheduler.steps * 1000 + parcel.id)
    await work({ world, plan, flags: this.#flags, outboxes, scope, attempt, random, fails })
    parcel.handled += 1
    if (plan.merges && handled !== undefined) {
      scope.cargo()
      handled.push({ waybill: currentWaybill(), scope })
    }
    scope.end(true)
  }
}
