import { strict as assert } from 'node:assert'
import { fieldsOf } from '../carriers/carrier.ts'
import type { ContractCase, Delivery, InboundHarness } from './harness.ts'
import { assertSame, deepFreeze, unload } from './unload.ts'

const A = 'wb1.k1.t0.s..flag-a:on:t:7:f.signature-a'
const B = 'wb1.k1.t0.s..flag-b:on:t:8:f.signature-b'

export function inboundCases(harness: InboundHarness): readonly ContractCase[] {
  const { carrier, deliver, damaged } = harness
  const bare = (): Delivery => deliver([])
  return [
    {
      name: 'in: one token is reported, and the event is what it would have been without',
      run: async () => {
        const { tokens, clean } = unload(carrier, deliver([A]))
        assert.deepEqual(tokens, [A])
        assertSame(clean, bare().event, 'the event without its token')
      },
    },
    {
      name: 'in: no token, no change',
      run: async () => {
        const { tokens, clean } = unload(carrier, bare())
        assert.deepEqual(tokens, [])
        assertSame(clean, bare().event, 'an event that had no token')
      },
    },
    ...(harness.maxTokens === 2
      ? [
          {
            name: 'in: of two tokens both are reported, and neither is left',
            run: async () => {
              const { tokens, clean } = unload(carrier, deliver([A, B]))
              assert.deepEqual([...tokens].sort(), [A, B])
              assertSame(clean, bare().event, 'the event without its tokens')
            },
          },
        ]
      : []),
    ...(damaged === undefined
      ? []
      : [
          {
            name: 'in: a slot that holds no text is reported as the empty token, and is not left',
            run: async () => {
              const { tokens, clean } = unload(carrier, damaged())
              assert.deepEqual(tokens, [''])
              assertSame(clean, bare().event, 'the event without what was in the slot')
            },
          },
        ]),
    {
      name: 'in: a frozen event is read, and nothing in it changes',
      run: async () => {
        const delivery = deliver([A])
        const before = structuredClone(delivery)
        assert.deepEqual(unload(carrier, deepFreeze(delivery)).tokens, [A])
        assertSame(delivery, before, 'the event that came')
      },
    },
    {
      name: 'in: a record has the same id before and after',
      run: async () => {
        const { batch } = carrier
        if (batch === undefined) return
        const idsOf = (event: unknown): readonly unknown[] => {
          const records = fieldsOf(event)?.[batch.recordsKey]
          return Array.isArray(records) ? records.map((record) => batch.idOf(record)) : []
        }
        const delivery = deliver([A])
        const ids = idsOf(delivery.event)
        assert.deepEqual(idsOf(unload(carrier, delivery).clean), ids)
        assert.ok(ids.every((id) => typeof id === 'string' && id !== ''))
        assert.equal(new Set(ids).size, ids.length)
      },
    },
    {
      name: 'in: nothing throws, whatever stands in whatever place of the event',
      run: async () => {
        for (const tokens of [[], [A]]) {
          for (const delivery of oddVariants(deliver(tokens))) {
            const before = structuredClone(delivery)
            unload(carrier, deepFreeze(delivery))
            assertSame(delivery, before, 'an odd event')
          }
        }
      },
    },
  ]
}

const ODD_VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  Number.NaN,
  '',
  'text',
  '{"_waybill":',
  [],
  [null],
  {},
]

/** The delivery with each of its values replaced by each odd one, and left out. */
function* oddVariants(delivery: Delivery): Generator<Delivery> {
  for (const path of pathsIn(delivery)) {
    for (const odd of ODD_VALUES) yield replaced(delivery, path, odd) as Delivery
  }
}

function pathsIn(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  const fields = fieldsOf(value)
  if (fields === undefined) return [path]
  const inner = Object.keys(fields).flatMap((key) => pathsIn(fields[key], [...path, key]))
  return path.length === 0 ? inner : [path, ...inner]
}

function replaced(value: unknown, [key, ...rest]: readonly string[], odd: unknown): unknown {
  if (key === undefined) return odd
  const fields = fieldsOf(value)
  if (Array.isArray(value))
    return value.map((member, index) => (String(index) === key ? replaced(member, rest, odd) : member))
  return { ...fields, [key]: replaced(fields?.[key], rest, odd) }
}
