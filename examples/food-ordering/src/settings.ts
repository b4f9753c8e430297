/**
 * How the consumers are to be attached to their sources in production, in the words of `CreateEventSourceMapping`
 * (https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html), which are those of SAM as well.
 */

interface StreamSource {
  readonly batchSize: number
  readonly startingPosition: 'TRIM_HORIZON'
  readonly functionResponseTypes: readonly ['ReportBatchItemFailures']
  readonly bisectBatchOnFunctionError: boolean
  readonly maximumRetryAttempts: number
  readonly maximumRecordAgeInSeconds: number
}

/**
 * Without these four, one record that always fails holds up its shard, all variations of it, for as long as the stream
 * keeps it: a week at the most, 24 hours by default. Whatever is given up belongs into an on-failure destination.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
 */
const orderEvents: StreamSource = {
  // Small: what one failure can hold up, and what is given up with it where nothing bisects.
  batchSize: 25,
  startingPosition: 'TRIM_HORIZON',
  // Each handler says from which record on it failed; records before it are not repeated.
  functionResponseTypes: ['ReportBatchItemFailures'],
  // A handler that dies (memory, time-out) reports nothing: halving finds the one record that does it.
  bisectBatchOnFunctionError: true,
  // The default is without end.
  maximumRetryAttempts: 2,
  // An order that nobody could take for an hour is the business of people.
  maximumRecordAgeInSeconds: 3600,
}

export const acceptOrderSource: StreamSource = orderEvents

export const notifyRestaurantSource: StreamSource = orderEvents

/** A queue has no order to keep, so a message that fails holds up nobody: it comes again until its queue gives it up. */
export const notifyUserSource = {
  batchSize: 10,
  functionResponseTypes: ['ReportBatchItemFailures'],
  queue: {
    // Six times the function's time-out: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    visibilityTimeoutSeconds: 60,
    // To the dead-letter queue after this many receives.
    maxReceiveCount: 5,
  },
} as const

/** EventBridge invokes asynchronously: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
export const loyaltySource = {
  pattern: { source: ['food-ordering'], 'detail-type': ['order_accepted'] },
  maximumRetryAttempts: 2,
  maximumEventAgeInSeconds: 3600,
} as const
