import { recordArrival } from '../carriers/arrivals.ts'
import { ambientScope, type Passage } from '../scope.ts'
import { type InnerOptions, innerLifecycle } from './inner.ts'
import { through } from './wrap.ts'

/**
 * Gives each record of a batch a scope of its own. Inside `withHonouredDecisions` or `honourDecisions` it needs no
 * options; alone it takes theirs and reads the record itself. A record that another parser has changed is found by its
 * id; where a parser drops the id, wrap the processor instead (`scopeRecords`).
 *
 * @example
 * ```ts
 * const onRecord = withRecordScope(async (record: { body: string }) => flags.get('new-order-flow'))
 * const handler = withHonouredDecisions(async (event: { Records: { body: string }[] }) => {
 *   await Promise.all(event.Records.map((record) => onRecord(record)))
 * }, { flags, keys })
 * ```
 */
export function withRecordScope<T, Rest extends readonly unknown[], R>(
  handler: (record: T, ...rest: Rest) => R | Promise<R>,
  options?: InnerOptions,
): (record: T, ...rest: Rest) => Promise<R> {
  const open = recordScopes(options)
  return async (record, ...rest) => {
    const { passage, flushes } = open(record)
    if (passage === undefined) return await handler(record, ...rest)
    return await through(passage, (clean) => handler(clean as T, ...rest), flushes)
  }
}

/** A batch processor as Powertools has it, by shape. */
export interface RecordProcessor {
  processRecord(record: never): Promise<unknown>
  failureHandler(record: never, error: Error): unknown
}

/**
 * Makes a batch processor run each record in that record's scope, from before it is parsed: for processors that hand
 * their handler only what a parser made of the record. Returns the same processor, which is changed.
 *
 * @example
 * ```ts
 * const processor = scopeRecords(new BatchProcessor(EventType.SQS, { parser, innerSchema }))
 * ```
 */
export function scopeRecords<P extends RecordProcessor>(processor: P, options?: InnerOptions): P {
  const open = recordScopes(options)
  const processRecord = processor.processRecord.bind(processor)
  processor.processRecord = async (record) => {
    const { passage, flushes } = open(record)
    if (passage === undefined) return processRecord(record)
    let entry: unknown
    const run = async (clean: unknown): Promise<void> => {
      entry = await processRecord(clean as never)
      // A processor reports its handler's error as an entry: for the observers it is one.
      if (Array.isArray(entry) && entry[0] === 'fail') throw new RecordFailed(String(entry[1]))
    }
    try {
      await through(passage, run, flushes)
    } catch (error) {
      if (!(error instanceof RecordFailed)) return processor.failureHandler(record, error as Error)
    }
    return entry
  }
  return processor
}

class RecordFailed extends Error {
  override readonly name = 'RecordFailed'
}

interface OpenedRecord {
  readonly passage: Passage | undefined
  /** Not within a batch, whose end waits for what the observers of all its records write. */
  readonly flushes: boolean
}

function recordScopes(options: InnerOptions | undefined): (record: unknown) => OpenedRecord {
  const alone = options && innerLifecycle(options)
  return (record) => {
    const ambient = ambientScope()
    if (ambient?.records !== undefined) return { passage: ambient.records(record), flushes: false }
    const arrived = alone && recordArrival(record)
    const passage = arrived && alone.record(arrived.carrier, arrived.tokens, arrived.record)
    if (arrived?.problem !== undefined) passage?.scope.count(arrived.problem)
    return { passage, flushes: true }
  }
}
