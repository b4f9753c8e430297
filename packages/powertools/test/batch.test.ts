import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import { type RecordProcessor, scopeRecords, withHonouredDecisions, withRecordScope } from '@waybill/core'
import { describe, expect, test } from 'vitest'
import { variationMetrics } from '../src/metrics.ts'
import {
  flags,
  keys,
  kinesisRecord,
  pause,
  payloadOf,
  sink,
  sqsRecord,
  summed,
  tokenOf,
  type Variation,
} from './fixture.ts'

const variations: readonly Variation[] = ['canary', 'control', 'canary', 'control', 'control']
/** The middle one fails. */
const FAILING = 2

interface Order {
  readonly number: number
}
const transports = {
  Kinesis: { type: EventType.KinesisDataStreams, record: kinesisRecord },
  SQS: { type: EventType.SQS, record: sqsRecord },
} as const
const modes = (['Kinesis', 'SQS'] as const).flatMap((transport) =>
  ([true, false] as const).map((parallel) => ({ transport, parallel, mode: parallel ? 'in parallel' : 'in sequence' })),
)

/** Reads the decision of its order before and after its neighbours had their turn. */
function shop() {
  const seen = new Map<number, readonly string[]>()
  const take = async ({ number }: Order): Promise<void> => {
    const first = flags.detail('new-order-flow').variation
    for (let turn = variations.length - number; turn > 0; turn -= 1) await pause()
    seen.set(number, [first, flags.detail('new-order-flow').variation])
    if (number === FAILING) throw new Error('sold out')
  }
  return { seen, take }
}

const asSent = new Map(variations.map((variation, number) => [number, [variation, variation]]))

/** A parser as schemas make it: only the order is left of the record. */
const justTheOrder = async (record: never): Promise<never> => payloadOf(record) as never

class ParsingProcessor extends BatchProcessor {
  override toBatchType(record: never): never {
    return record
  }
}

describe.each(modes)('Powertools batch over $transport, $mode', ({ transport, parallel }) => {
  const { type, record } = transports[transport]
  const batch = { Records: variations.map((one, number) => record(number, { number }, tokenOf(one))) }
  const handlerOf = (processor: BatchProcessor, onRecord: (record: never) => Promise<void>) => {
    const { lines, write } = sink()
    const handler = withHonouredDecisions(
      (event: typeof batch) =>
        processPartialResponse(event as never, onRecord as never, processor, { processInParallel: parallel }),
      { flags, keys, observers: [variationMetrics({ write })] },
    )
    return { lines, handler }
  }

  test('withRecordScope: neighbours of a failing record keep their own decisions', async () => {
    const { seen, take } = shop()
    const onRecord = withRecordScope((one: Parameters<typeof payloadOf>[0]) => take(payloadOf(one) as Order))
    const { lines, handler } = handlerOf(new BatchProcessor(type), onRecord)
    expect(await handler(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: String(FAILING) }] })
    expect(seen).toEqual(asSent)
    expect(summed(lines, 'Error')).toEqual({ canary: '1 of 2', control: '0 of 3' })
    expect(summed(lines, 'Started')).toEqual({
      canary: expect.stringMatching(/^2 /),
      control: expect.stringMatching(/^3 /),
    })
    expect(summed(lines, 'Decisions', 'origin')).toEqual({ propagated: '5 of 1' })
  })

  test('scopeRecords: the same where a parser leaves nothing of a record but its order', async () => {
    const { seen, take } = shop()
    const processor = new ParsingProcessor(type, { parser: justTheOrder } as never)
    const { lines, handler } = handlerOf(scopeRecords(processor), take)
    expect(await handler(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: String(FAILING) }] })
    expect(seen).toEqual(asSent)
    expect(summed(lines, 'Error')).toEqual({ canary: '1 of 2', control: '0 of 3' })
  })

  test('a retry of the whole batch is honoured again, the same', async () => {
    const first = shop()
    const second = shop()
    const processor = new BatchProcessor(type)
    for (const { take } of [first, second]) {
      const onRecord = withRecordScope((one: Parameters<typeof payloadOf>[0]) => take(payloadOf(one) as Order))
      await handlerOf(processor, onRecord).handler(batch)
    }
    expect(second.seen).toEqual(first.seen)
  })
})

describe('a record whose id a parser dropped', () => {
  test('is handled on declared defaults under withRecordScope, and counted', async () => {
    const causes: (string | undefined)[] = []
    const counted: string[] = []
    const onRecord = withRecordScope(async () => void causes.push(flags.detail('new-order-flow').cause))
    const handler = withHonouredDecisions(
      (event: { Records: ReturnType<typeof sqsRecord>[] }) =>
        processPartialResponse(
          event as never,
          onRecord as never,
          new ParsingProcessor(EventType.SQS, { parser: justTheOrder } as never),
        ),
      { flags, keys, observers: [{ end: ({ counts }) => void counted.push(...counts.keys()) }] },
    )
    const { batchItemFailures } = await handler({ Records: [sqsRecord(1, { number: 1 }, tokenOf('canary'))] })
    expect(batchItemFailures).toEqual([])
    expect(causes).toEqual(['undecided'])
    expect(counted).toContain('record_unmatched')
  })
})

describe('a processor with records that its policy refuses', () => {
  test('reports them as failures, and handles the others', async () => {
    const handled: unknown[] = []
    const processor = scopeRecords(new BatchProcessor(EventType.SQS) satisfies RecordProcessor, {
      flags,
      keys,
      undecided: 'throw',
      observers: [{}],
    })
    const Records = [sqsRecord(0, { number: 0 }), sqsRecord(1, { number: 1 }, tokenOf('canary'))]
    const response = await processPartialResponse(
      { Records } as never,
      async (one: Parameters<typeof payloadOf>[0]) => void handled.push(payloadOf(one)),
      processor,
    )
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: '0' }] })
    expect(handled).toEqual([{ number: 1 }])
  })
})
