import { type DeclaredFlags, declareFlags } from '../../src/declared-flags.ts'
import type { InnerOptions } from '../../src/lifecycle/inner.ts'
import { scopeRecords, withRecordScope } from '../../src/lifecycle/record.ts'
import { withHonouredDecisions } from '../../src/lifecycle/wrap.ts'
import type { Observer } from '../../src/observer.ts'
import { seededRandom } from '../fuzz/random.ts'
import { HeldKeys } from './keys-held.ts'
import { idIn, sameText } from './messages.ts'
import type { Callable } from './network.ts'
import type { Outbox } from './outbox.ts'
import type { FunctionPlan } from './plan.ts'
import { type Receiver, ScopeModel } from './scope-model.ts'
import type { Input } from './sdk.ts'
import { transports } from './transports/list.ts'
import type { Transport } from './transports/transport.ts'
import { isSame, work } from './work.ts'
import type { Parcel, World } from './world.ts'

const HTTP: Pick<Transport, 'inbound' | 'textOf'> = { inbound: 'event', textOf: (event) => String(event['body']) }

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
  readonly #handler: (event: Input, lambdaContext: unknown) => Promise<unknown>
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
    }
    this.#handler =
      this.#transport.inbound === 'records'
        ? this.#batchHandler(options)
        : withHonouredDecisions(async (event: Input, _context: unknown) => {
            await this.#one(event)
            return { statusCode: 200 }
          }, options)
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

  #batchHandler(options: InnerOptions): (event: Input, lambdaContext: unknown) => Promise<unknown> {
    const { records } = this.#plan
    const alone = records === 'alone'
    const inScope = withRecordScope((record: Input) => this.#one(record), alone ? options : undefined)
    const processor = scopeRecords({
      processRecord: async (record: Input) => {
        try {
          await this.#one(record)
          return ['success', undefined, record]
        } catch (error) {
          return ['fail', String(error), record]
        }
      },
      failureHandler: (record: Input, error: Error) => ['fail', String(error), record],
    })
    const onRecord = async (record: Input): Promise<void> => {
      // Parsers make another object of a record and keep its ids.
      if (records !== 'processor') return inScope(records === 'sequential' ? { ...record } : record)
      const [status] = (await processor.processRecord(record as never)) as [string]
      if (status === 'fail') throw new Error('reported as an entry')
    }
    const handle = async (event: Input, _context: unknown): Promise<unknown> => {
      const all = (event['Records'] ?? event['records']) as readonly Input[]
      const failures: number[] = []
      const run = async (record: Input): Promise<void> => {
        const { id } = this.#parcelOf(record)
        await onRecord(record).catch(() => void failures.push(id))
      }
      await this.#betweenRecords(alone)
      if (records === 'sequential') for (const record of all) await run(record)
      else await Promise.all(all.map(run))
      // What is buffered is sent before the invocation ends, or by a later one.
      for (const outbox of this.#outboxes) if (this.#invocations % 3 !== 0) await outbox.flush()
      return { failures }
    }
    return alone ? handle : withHonouredDecisions(handle, options)
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

  /** One request or record, in its scope. */
  async #one(eventOrRecord: Input): Promise<void> {
    const { plan, world, outboxes } = { plan: this.#plan, world: this.#world, outboxes: this.#outboxes }
    const text = this.#transport.textOf(eventOrRecord)
    const parcel = this.#parcelOf(eventOrRecord)
    if (!sameText(text, parcel.text))
      world.blame('altered', `parcel-${parcel.id} arrived as ${text}, sent as ${parcel.text}`)
    const attempt = parcel.attempt ?? { id: -1, subject: undefined }
    const scope = new ScopeModel(this.#receiver, parcel.arrived, attempt.subject)
    world.say(() => `${this.name} handles parcel-${parcel.id} of ${attempt.subject}`)
    if (plan.observes) for (const flag of scope.observed()) scope.answer(flag)
    const fails = parcel.failuresLeft > 0 ? (parcel.id % 2 === 0 ? 'before' : 'after') : undefined
    parcel.failuresLeft -= 1
    const random = seededRandom(world.plan.seed, 10_000 + world.scheduler.steps * 1000 + parcel.id)
    await work({ world, plan, flags: this.#flags, outboxes, scope, attempt, random, fails })
    parcel.handled += 1
    scope.end(true)
  }
}
