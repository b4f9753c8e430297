import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import {
  createWaybill,
  declareFlags,
  openToken,
  sealToken,
  stampClient,
  withHonouredDecisions,
} from '../../src/index.ts'
import { type Input, type Limit, limitsTable } from '../fixtures/limit.ts'
import { LIMITS } from '../fixtures/limits.ts'
import { countsOf, keys, watching } from '../support/fixtures.ts'

// Requests of 10 MiB take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const variations = { control: false, canary: true }
const flags = declareFlags({
  second: { variations, default: 'control', priority: 1 },
  last: { variations, default: 'control' },
  first: { variations, default: 'control', priority: 2 },
})
const waybill = createWaybill({
  decisions: ['second', 'last', 'first'].map((flag) => ({ flag, variation: 'canary', value: true })),
})
const token = sealToken(waybill, keys).token ?? ''

interface Sent {
  readonly input: Input
  /** The input that the caller gave. */
  readonly given: Input
  readonly counts: Readonly<Record<string, number>>
}

/** Sends messages of these sizes in a scope of three decisions, through the SDK's own client up to its serializer. */
async function send(limit: Limit, sizes: readonly number[], attributes = 0): Promise<Sent> {
  const client = stampClient(limit.client(), { to: ['orders'] })
  let input: Input
  const capture = () => async (args: { input: Input }) => {
    input = args.input
    return { output: { $metadata: {} }, response: {} }
  }
  client.middlewareStack.add(capture, { step: 'initialize', priority: 'low', name: 'captureInput' })
  const { reports, observer } = watching()
  const { command, input: given } = limit.build(sizes, attributes)
  const handler = withHonouredDecisions(() => client.send(command), { flags, keys, observers: [observer] })
  await handler({ _waybill: token })
  return { input, given, counts: countsOf(reports) }
}

/** The flags that a message's token holds; `undefined` when it has none. */
function flagsOf(limit: Limit, message: Input): readonly string[] | undefined {
  const text = limit.tokenIn(message)
  if (text === undefined) return undefined
  const opened = openToken(text, keys)
  if ('refusal' in opened) throw new Error(opened.refusal)
  expect(opened.waybill.droppedCount).toBe(3 - opened.waybill.decisions.size)
  return [...opened.waybill.decisions.keys()].sort()
}
const ALL = ['first', 'last', 'second']
const SHED = ['first', 'second']

function total(limit: Limit, input: Input): number {
  return limit.messages(input).reduce((sum, message) => sum + limit.sizeOf(message), 0)
}

describe.each(LIMITS)('$service $command', (limit) => {
  const { messageBytes, requestBytes, attributes, overheadBytes } = limit
  const stampBytes = token.length + overheadBytes

  test.each([-1, 0, 1])('sends a message of its limit %i bytes as it was', async (over) => {
    const { input, given, counts } = await send(limit, [messageBytes + over])
    expect(input).toEqual(given)
    expect(counts).toEqual({ no_room: 1 })
  })

  test.each([
    [-1, ALL, {}],
    [0, ALL, {}],
    [1, SHED, { shed: 1 }],
  ] as const)(
    'fills a message to its last byte and no further: %i of what a whole token leaves',
    async (over, kept, counted) => {
      const { input, given, counts } = await send(limit, [messageBytes - stampBytes + over])
      const [message] = limit.messages(input)
      expect(limit.sizeOf(limit.messages(given)[0])).toBe(messageBytes - stampBytes + over)
      expect(flagsOf(limit, message)).toEqual(kept)
      expect(limit.sizeOf(message)).toBeLessThanOrEqual(messageBytes)
      if (over === 0) expect(limit.sizeOf(message)).toBe(messageBytes)
      expect(counts).toEqual(counted)
    },
  )

  if (attributes !== undefined) {
    test.each([
      [9, true],
      [10, false],
      [11, false],
    ])('with %i attributes of its own: stamped is %s', async (own, isStamped) => {
      const { input, given, counts } = await send(limit, [1000], own)
      const [message] = limit.messages(input)
      expect(Object.keys(message.MessageAttributes).length).toBe(isStamped ? 10 : own)
      if (!isStamped) expect(input).toEqual(given)
      expect(counts).toEqual(isStamped ? {} : { attributes_full: 1 })
    })
  }

  if (requestBytes !== undefined) {
    const count = Math.ceil(requestBytes / messageBytes) + 1
    /** Messages of this many bytes in all. */
    const shares = (sum: number): readonly number[] => {
      const each = Math.floor(sum / count)
      return [sum - each * (count - 1), ...Array.from({ length: count - 1 }, () => each)]
    }

    test.each([-1, 0, 1])('sends a request of its limit %i bytes as it was', async (over) => {
      const { input, given, counts } = await send(limit, shares(requestBytes + over))
      expect(total(limit, given)).toBe(requestBytes + over)
      expect(input).toEqual(given)
      expect(counts).toEqual({ no_room: count })
    })

    test.each([
      [-1, ALL, {}],
      [0, ALL, {}],
      [1, SHED, { shed: 1 }],
    ] as const)(
      'fills a request to its last byte and no further: %i of what whole tokens leave',
      async (over, last, counted) => {
        const { input, counts } = await send(limit, shares(requestBytes - count * stampBytes + over))
        const found = limit.messages(input).map((message) => flagsOf(limit, message))
        expect(found).toEqual([...Array.from({ length: count - 1 }, () => ALL), last])
        expect(total(limit, input)).toBeLessThanOrEqual(requestBytes)
        if (over === 0) expect(total(limit, input)).toBe(requestBytes)
        expect(counts).toEqual(counted)
      },
    )

    if (requestBytes > messageBytes + 10_000) {
      test('stamps the messages beside one that is full', async () => {
        const { input, given, counts } = await send(limit, [messageBytes, 1000])
        const [full, other] = limit.messages(input)
        expect(full).toEqual(limit.messages(given)[0])
        expect(flagsOf(limit, other)).toEqual(ALL)
        expect(counts).toEqual({ no_room: 1 })
      })
    }
  }
})

test('The table in docs/carriers.md is made of these limits', () => {
  const document = readFileSync(new URL('../../../../docs/carriers.md', import.meta.url), 'utf8')
  // The assertion's message is the table that the document should have.
  expect(document).toContain(limitsTable(LIMITS))
})
