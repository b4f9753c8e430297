import type { InvokeResult, LambdaHost } from '../host.ts'

/** Which records of a batch failed: none, all, or those whose identifiers the handler reported. */
export type BatchResult =
  | { readonly failed: 'none' }
  | { readonly failed: 'all'; readonly error: string }
  | { readonly failed: 'some'; readonly error: string; readonly identifiers: ReadonlySet<string> }

/**
 * Reads a handler's answer to a batch. An empty or null answer, and an empty or null list, are success. An identifier
 * that is empty, null, under another key, or of no record in the batch fails the whole batch.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 */
export function readBatchResult(
  result: InvokeResult,
  identifiers: readonly string[],
  reportBatchItemFailures: boolean,
): BatchResult {
  if (result.functionError !== undefined) return { failed: 'all', error: result.payload }
  if (!reportBatchItemFailures) return { failed: 'none' }
  const reported = failuresIn(JSON.parse(result.payload))
  if (reported === undefined) return { failed: 'all', error: `batchItemFailures is not a list: ${result.payload}` }
  if (reported.length === 0) return { failed: 'none' }

  const known = new Set(identifiers)
  const named = new Set<string>()
  for (const item of reported) {
    const identifier = isObject(item) ? item['itemIdentifier'] : undefined
    if (typeof identifier !== 'string' || !known.has(identifier)) {
      return { failed: 'all', error: `batchItemFailures names no record of the batch: ${JSON.stringify(item)}` }
    }
    named.add(identifier)
  }
  return { failed: 'some', error: result.payload, identifiers: named }
}

export interface Batch {
  readonly host: LambdaHost
  readonly functionName: string
  readonly records: readonly object[]
  readonly identifiers: readonly string[]
  readonly reportBatchItemFailures: boolean
  readonly onError: (error: unknown) => void
}

/** Invokes a function with a batch. An invocation that the host refuses is a batch that failed. */
export async function deliverBatch(batch: Batch): Promise<BatchResult> {
  const { host, functionName, records, identifiers, reportBatchItemFailures, onError } = batch
  try {
    const answer = await host.invoke(functionName, JSON.stringify({ Records: records }))
    return readBatchResult(answer, identifiers, reportBatchItemFailures)
  } catch (error) {
    onError(error)
    return { failed: 'all', error: String(error) }
  }
}

function failuresIn(answer: unknown): readonly unknown[] | undefined {
  if (!isObject(answer)) return []
  const list = answer['batchItemFailures']
  if (list === undefined || list === null) return []
  return Array.isArray(list) ? list : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
