import { describe, expect, test } from 'vitest'
import { arrivals } from '../../src/carriers/arrivals.ts'
import type { Fields } from '../../src/carriers/carrier.ts'
import { dynamodbStreamInbound } from '../../src/carriers/dynamodb-stream.ts'
import { withHonouredDecisions, withRecordScope } from '../../src/index.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf } from '../fixtures/events.ts'
import { countsOf, flags, keys, watching } from '../support/fixtures.ts'

const inserted = 0
const modified = 1
const removed = 2

/** The fixture with stamps in the images of one of its three records. */
function withImages(index: number, images: { readonly NewImage?: unknown; readonly OldImage?: unknown }): Fields {
  const records = eventOf('dynamodb-stream')['Records'] as readonly Fields[]
  return {
    Records: records.map((record, at) => {
      if (at !== index) return record
      const change = { ...(record['dynamodb'] as Record<string, Fields>) }
      for (const [image, stamp] of Object.entries(images)) change[image] = { ...change[image], _waybill: stamp }
      return { ...record, dynamodb: change }
    }),
  }
}

function tokensOf(event: Fields): readonly string[] {
  const found = arrivals(event)
  expect(found.event).toEqual(eventOf('dynamodb-stream'))
  return found.kind === 'batch' ? [...found.tokensById].map(([id, tokens]) => `${id}: ${tokens.join(' ')}`) : []
}

for (const [what, index] of [
  ['a new item', inserted],
  ['a changed item', modified],
] as const) {
  describeContract(`DynamoDB stream, ${what}`, {
    inbound: {
      carrier: dynamodbStreamInbound,
      maxTokens: 1,
      deliver: ([token]) => ({
        event: withImages(index, token === undefined ? {} : { NewImage: { S: token } }),
      }),
      damaged: () => ({ event: withImages(index, { NewImage: { N: '7' } }) }),
    },
  })
}

describe('A DynamoDB stream', () => {
  test('believes the stamp of a change that differs from the one before', () => {
    expect(tokensOf(withImages(modified, { NewImage: { S: 'wb1.b' }, OldImage: { S: 'wb1.a' } }))).toEqual(['2: wb1.b'])
  })

  test('does not take the stamp of whoever wrote before for that of a writer without Waybill', () => {
    expect(tokensOf(withImages(modified, { NewImage: { S: 'wb1.a' }, OldImage: { S: 'wb1.a' } }))).toEqual([])
  })

  test('believes nothing of a change where there is no old image to compare', () => {
    const event = withImages(modified, { NewImage: { S: 'wb1.a' } })
    const [, record] = event['Records'] as [Fields, Fields]
    const { OldImage: _, ...change } = record['dynamodb'] as Fields
    const found = arrivals({ Records: [{ ...record, dynamodb: change }] })
    expect(found.kind === 'batch' && found.tokensById.size).toBe(0)
    expect(JSON.stringify(found.event)).not.toContain('_waybill')
  })

  test.each([
    ['old_stamp', { NewImage: { S: 'wb1.a' }, OldImage: { S: 'wb1.a' } }, true],
    ['no_old_image', { NewImage: { S: 'wb1.a' } }, false],
  ])('counts a stamp that it does not believe, where the record is handled: %s', async (code, images, hasOldImage) => {
    const event = withImages(modified, images) as { Records: readonly Record<string, Fields>[] }
    const Records = event.Records.map((record) => {
      const { OldImage, ...change } = record['dynamodb'] as Fields
      return { ...record, dynamodb: hasOldImage ? { ...change, OldImage } : change }
    })
    const { reports, observer } = watching()
    const options = { flags, keys, observers: [observer] }
    const onRecord = withRecordScope(async (_: object) => flags.get('new-order-flow'))
    const inBatch = withHonouredDecisions(
      (one: typeof event) => Promise.all(one.Records.map((r) => onRecord(r))),
      options,
    )
    await inBatch({ Records })
    expect(countsOf(reports)).toMatchObject({ [code]: 1 })
    reports.length = 0
    await withRecordScope(async (_: object) => flags.get('new-order-flow'), options)(Records[modified] ?? {})
    expect(countsOf(reports)).toMatchObject({ [code]: 1 })
  })

  test('brings no token with an item that was removed, and strips the old one', () => {
    expect(tokensOf(withImages(removed, { OldImage: { S: 'wb1.a' } }))).toEqual([])
  })
})
