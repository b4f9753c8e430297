import { describe, expect, test } from 'vitest'
import { kinesisInbound, kinesisOutgoing } from '../../src/carriers/kinesis.ts'
import {
  type CarrierHarness,
  carrierContract,
  type Fields,
  type InboundCarrier,
  type InboundHarness,
  type OutgoingCarrier,
  type OutgoingHarness,
  type Payload,
} from '../../src/testing/carrier-contract.ts'
import { eventOf } from '../fixtures/events.ts'

const SOURCE = 'eventSource'

function delivered(data: unknown): Fields {
  const [record] = eventOf('kinesis')['Records'] as [Fields]
  const base64 = Buffer.from(data as string).toString('base64')
  return { Records: [{ ...record, kinesis: { ...(record['kinesis'] as Fields), data: base64 } }] }
}

const outgoing: OutgoingHarness = {
  carrier: kinesisOutgoing,
  receiver: kinesisInbound,
  command: 'PutRecordsCommand',
  place: 'body',
  payloadKind: 'bytes',
  onlyJson: false,
  target: 'orders',
  maxEntries: 500,
  maxBytes: 1024 * 1024,
  maxRequestBytes: 10 * 1024 * 1024,
  request: (payloads) => ({ StreamName: 'orders', Records: payloads.map((Data) => ({ Data, PartitionKey: 'p' })) }),
  payloadAt: (request, index) => (request['Records'] as Fields[])[index]?.['Data'] as Payload,
  sizeOf: (request, index) => Buffer.from(outgoing.payloadAt(request, index) as string).byteLength + 1,
  deliver: (request) => (request['Records'] as Fields[]).map(({ Data }) => ({ event: delivered(Data) })),
  received: (event) =>
    Buffer.from((event as { Records: [{ kinesis: { data: string } }] }).Records[0].kinesis.data, 'base64'),
}

const inbound: InboundHarness = {
  carrier: kinesisInbound,
  maxTokens: 2,
  deliver: (tokens) => ({
    event: delivered(`{${['"a":1', ...tokens.map((token) => `"_waybill":"${token}"`)].join(',')}}`),
  }),
}

/** The names of the cases that a carrier fails. */
async function failures(harness: CarrierHarness): Promise<readonly string[]> {
  const failed: string[] = []
  for (const { name, run } of carrierContract(harness)) await run().catch(() => failed.push(name))
  return failed
}

const reading = (
  change: (unload: NonNullable<InboundCarrier['batch']>) => Partial<NonNullable<InboundCarrier['batch']>>,
): CarrierHarness => {
  const { batch } = kinesisInbound
  if (batch === undefined) throw new Error('kinesis reads batches')
  return { inbound: { ...inbound, carrier: { ...kinesisInbound, batch: { ...batch, ...change(batch) } } } }
}

/** The harness of a carrier that lays its requests open in another way. */
const writing = (change: (shipment: ReturnType<OutgoingCarrier['commands'][string]>) => unknown): CarrierHarness => ({
  outgoing: {
    ...outgoing,
    carrier: {
      ...kinesisOutgoing,
      commands: {
        PutRecordsCommand: (input, policy) =>
          change(kinesisOutgoing.commands['PutRecordsCommand']?.(input, policy)) as ReturnType<
            OutgoingCarrier['commands'][string]
          >,
      },
    },
  },
})

describe('The carrier contract', () => {
  test('holds for a carrier that keeps it', async () => {
    expect(await failures({ inbound, outgoing })).toEqual([])
  })

  test('runs the half that a carrier has', () => {
    const names = (harness: CarrierHarness): readonly string[] => carrierContract(harness).map(({ name }) => name)
    expect(names({ inbound }).every((name) => name.startsWith('in: '))).toBe(true)
    expect(names({ outgoing }).every((name) => name.startsWith('out: '))).toBe(true)
    expect(names({ inbound, outgoing })).toEqual([...names({ inbound }), ...names({ outgoing })])
    expect(new Set(names({ inbound, outgoing })).size).toBe(names({ inbound, outgoing }).length)
  })

  test('finds a carrier that leaves the token in the event', async () => {
    const failed = await failures(
      reading(({ unload }) => ({ unload: (record) => ({ ...unload(record), clean: record }) })),
    )
    expect(failed).toContain('in: one token is reported, and the event is what it would have been without')
  })

  test('finds a carrier that reports the first of two tokens', async () => {
    const first = reading(({ unload }) => ({
      unload: (record) => {
        const { tokens, clean } = unload(record)
        return { tokens: tokens.slice(0, 1), clean }
      },
    }))
    expect(await failures(first)).toEqual(['in: of two tokens both are reported, and neither is left'])
  })

  test('finds a carrier that changes the event', async () => {
    const careless = reading(({ unload }) => ({
      unload: (record) => {
        const { tokens, clean } = unload(record)
        if (tokens.length > 0) Object.assign(record, { seen: true })
        return { tokens, clean }
      },
    }))
    expect(await failures(careless)).toContain('in: a frozen event is read, and nothing in it changes')
  })

  test('finds a carrier that stumbles over odd events', async () => {
    const brittle = reading(({ recognises }) => ({
      recognises: (record) => (record[SOURCE] as string).startsWith('aws:') && recognises(record),
    }))
    expect(await failures(brittle)).toEqual(['in: nothing throws, whatever stands in whatever place of the event'])
  })

  test('finds a carrier that loses the id of a record', async () => {
    const forgetful = reading(() => ({ idOf: () => undefined }))
    expect(await failures(forgetful)).toEqual(['in: a record has the same id before and after'])
  })

  test('finds a carrier whose room is one byte too large', async () => {
    const generous = writing(
      (shipment) =>
        shipment && {
          ...shipment,
          slots: shipment.slots.map((slot) => ({ ...slot, roomBytes: slot.roomBytes + 1 })),
          totalRoomBytes: shipment.totalRoomBytes + 1,
        },
    )
    const failed = await failures(generous)
    expect(failed).toContain('out: a token that takes all the room fits, and with one byte more it does not')
    expect(failed).toContain('out: the messages of a request share its room, to the byte')
  })

  test('finds a carrier whose room is one byte too small', async () => {
    const mean = writing(
      (shipment) =>
        shipment && { ...shipment, slots: shipment.slots.map((slot) => ({ ...slot, roomBytes: slot.roomBytes - 1 })) },
    )
    expect(await failures(mean)).toEqual([
      'out: a token that takes all the room fits, and with one byte more it does not',
    ])
  })

  test('finds a carrier that stamps whatever it is told', async () => {
    const eager = writing(
      (shipment) =>
        shipment && { ...shipment, slots: shipment.slots.map(({ entry, roomBytes }) => ({ entry, roomBytes })) },
    )
    const failed = await failures(eager)
    expect(failed).toContain('out: a stamp that is there stays, and no second one comes beside it')
    expect(failed).toContain('out: the target is asked for by its name, and the user has the say')
    expect(failed).toContain('out: several objects on lines of their own goes as it is, counted')
  })

  test('finds a carrier that writes its payload anew', async () => {
    const rewriting = writing(
      (shipment) =>
        shipment && {
          ...shipment,
          write: (tokens: readonly (string | undefined)[]) => ({
            StreamName: 'orders',
            Records: shipment.slots.map(({ entry }, index) => {
              const { Data } = entry as { Data: string }
              const token = tokens[index]
              if (token === undefined) return entry
              const parsed = JSON.parse(Buffer.from(Data).toString()) as Fields
              return { ...entry, Data: Buffer.from(JSON.stringify({ ...parsed, _waybill: token })) }
            }),
          }),
        },
    )
    const failed = await failures(rewriting)
    expect(failed).toContain('out: numbers that JavaScript would change comes out as it went in')
    expect(failed).toContain('out: a trailing newline comes out as it went in')
  })
})
