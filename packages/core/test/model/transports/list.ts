import { busToSnsToSqs, busToSqs, eventbridge, invokeAsync, invokeSync, stepFunctions } from './events.ts'
import { sns, snsToSqs, snsToSqsRaw, sqs } from './messages.ts'
import { dynamodb, firehose, kinesis, kinesisToFirehose } from './streams.ts'
import type { Transport } from './transport.ts'

export const transports: Readonly<Record<string, Transport>> = {
  sqs,
  sns,
  snsToSqs,
  snsToSqsRaw,
  kinesis,
  firehose,
  kinesisToFirehose,
  eventbridge,
  busToSqs,
  busToSnsToSqs,
  invokeAsync,
  invokeSync,
  stepFunctions,
  dynamodb,
}
