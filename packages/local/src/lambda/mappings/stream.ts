import { type KinesisClient, ListShardsCommand } from '@aws-sdk/client-kinesis'
import { pause } from '../../pause.ts'
import type { LambdaHost } from '../host.ts'
import { deliverBatch } from './batch-result.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import { type EventSourceMapping, repeat, splitBySize } from './mapping.ts'
import { openShard, type ShardReader } from './shard.ts'

export interface StreamMappingOptions {
  readonly client: KinesisClient
  readonly streamName: string
  readonly streamArn: string
  readonly host: LambdaHost
  readonly functionName: string
  /** Default 100. */
  readonly batchSize?: number
  /** Default `TRIM_HORIZON`. */
  readonly startingPosition?: 'TRIM_HORIZON' | 'LATEST'
  /** Repeats of a batch after its first attempt. Default: without end, which holds up the shard, as in Lambda. */
  readonly maximumRetryAttempts?: number
  /** Halves what is left of a batch that failed; no half counts as a repeat. Default false. */
  readonly bisectBatchOnFunctionError?: boolean
  /** The most bytes of an event, above which a batch is cut. Default Lambda's 6 MiB; more than Lambda is for trials. */
  readonly eventLimitBytes?: number
  /** Only one batch of a shard at a time is supported. */
  readonly parallelizationFactor?: 1
  /** `FunctionResponseTypes: ['ReportBatchItemFailures']`. Default true. */
  readonly reportBatchItemFailures?: boolean
  /** Wait after a read that was not full. Default 75. */
  readonly pollIntervalMs?: number
  /** Wait before a repeat, doubled each time up to 16-fold. Default 50. */
  readonly retryIntervalMs?: number
  /** What was given up on: the batch from its checkpoint on. */
  readonly onDiscarded?: (discarded: DiscardedRecords) => void
  /** A read that failed, or an invocation that the host refused; polling goes on. */
  readonly onError?: (error: unknown) => void
}

export interface DiscardedRecords {
  readonly records: readonly KinesisRecord[]
  readonly error: string
}

/** The most doublings of the retry wait. */
const retryDoublings = 4

/**
 * Polls all shards of a stream side by side, as Lambda's event-source mapping does: a failed batch is repeated from its
 * lowest reported record on, and holds up its shard until it succeeds or its attempts are used up. Several mappings can
 * read one stream, each at its own position.
 *
 * A repeat that makes progress starts with all attempts again. Not emulated: maximum record age, batching
 * windows, tumbling windows, event filters, resharding after the start.
 *
 * @example
 * const mapping = await mapStream({ client: new KinesisClient(), streamName, streamArn, host, functionName: 'accept' })
 * await mapping.idle()
 * await mapping.stop()
 */
export async function mapStream(options: StreamMappingOptions): Promise<EventSourceMapping> {
  const { client, streamName, streamArn, host, functionName, onDiscarded, onError = () => undefined } = options
  const { batchSize = 100, startingPosition = 'TRIM_HORIZON', reportBatchItemFailures = true } = options
  const { maximumRetryAttempts = Number.POSITIVE_INFINITY, pollIntervalMs = 75, retryIntervalMs = 50 } = options
  const { bisectBatchOnFunctionError = false, eventLimitBytes } = options
  const ending = new AbortController()
  const { signal } = ending
  let delivered = 0

  /** Answers what is left after one attempt, and why. */
  const attempt = async (batch: readonly KinesisRecord[]): Promise<DiscardedRecords> => {
    const identifiers = batch.map(({ kinesis }) => kinesis.sequenceNumber)
    const result = await deliverBatch({
      host,
      functionName,
      records: batch,
      identifiers,
      reportBatchItemFailures,
      onError,
    })
    if (result.failed === 'none') return { records: [], error: '' }
    if (result.failed === 'all') return { records: batch, error: result.error }
    // The list may be in any order; records of a shard are in the order of their numbers.
    const checkpoint = batch.findIndex(({ kinesis }) => result.identifiers.has(kinesis.sequenceNumber))
    return { records: batch.slice(checkpoint), error: result.error }
  }

  const deliver = async (batch: readonly KinesisRecord[]): Promise<void> => {
    let left = batch
    let repeats = 0
    while (left.length > 0) {
      const after = await attempt(left)
      delivered += left.length - after.records.length
      repeats = after.records.length < left.length ? 0 : repeats + 1
      left = after.records
      if (left.length === 0 || signal.aborted) return
      if (repeats > maximumRetryAttempts) return onDiscarded?.(after)
      await pause(retryIntervalMs * 2 ** Math.min(repeats, retryDoublings), signal)
      if (bisectBatchOnFunctionError && left.length > 1) {
        // https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
        const half = Math.ceil(left.length / 2)
        await deliver(left.slice(0, half))
        if (!signal.aborted) await deliver(left.slice(half))
        return
      }
    }
  }

  const shards = await openAll({ client, streamName, streamArn, startingPosition })
  // Empty reads at the tip of each shard; one that begins after the question answers `idle`.
  const tipReads = shards.map(() => 0)
  const waiting = new Set<() => void>()

  const pollShard = (shard: ShardReader, index: number) => async (): Promise<void> => {
    const { records, atTip } = await shard.read(batchSize, signal)
    for (const batch of splitBySize(records, eventLimitBytes)) await deliver(batch)
    if (atTip) {
      tipReads[index] = (tipReads[index] ?? 0) + 1
      for (const check of waiting) check()
    }
    // A read that was not full has seen the tip: asking again at once would only make tiny batches.
    if (records.length < batchSize) await pause(pollIntervalMs, signal)
  }

  const loops = shards.map((shard, index) =>
    repeat(pollShard(shard, index), { signal, pauseMs: pollIntervalMs, onError }),
  )

  return {
    delivered: () => delivered,
    idle: () =>
      new Promise((resolve) => {
        // Two, as the first may have been asked for before the call.
        const wanted = tipReads.map((reads) => reads + 2)
        const check = (): void => {
          if (!signal.aborted && !wanted.every((reads, index) => (tipReads[index] ?? 0) >= reads)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    stop: async () => {
      ending.abort()
      await Promise.all(loops)
      for (const check of [...waiting]) check()
    },
  }
}

async function openAll(
  stream: Pick<StreamMappingOptions, 'client' | 'streamName' | 'streamArn'> & {
    readonly startingPosition: 'TRIM_HORIZON' | 'LATEST'
  },
): Promise<readonly ShardReader[]> {
  const shards: ShardReader[] = []
  let next: string | undefined
  do {
    const page = await stream.client.send(
      new ListShardsCommand(next === undefined ? { StreamName: stream.streamName } : { NextToken: next }),
    )
    for (const { ShardId = '' } of page.Shards ?? []) shards.push(await openShard({ ...stream, shardId: ShardId }))
    next = page.NextToken
  } while (next !== undefined)
  return shards
}
