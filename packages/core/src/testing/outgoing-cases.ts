import { strict as assert } from 'node:assert'
import type { Fields } from '../carriers/carrier.ts'
import type { ContractCase, OutgoingHarness, Payload } from './harness.ts'
import { oddPayloads, payloadOf } from './odd-payloads.ts'
import { NAMED, openRequest, stamp, UNNAMED } from './open-request.ts'
import { roomCases } from './room-cases.ts'
import { assertSame, deepFreeze, unload } from './unload.ts'

const A = 'wb1.k1.t0.s..flag-a:on:t:7:f.signature-a'
const B = 'wb1.k1.t0.s..flag-b:on:t:8:f.signature-b'

type Received = ReturnType<OutgoingHarness['received']>

export function outgoingCases(harness: OutgoingHarness): readonly ContractCase[] {
  const { carrier, command, receiver, place, payloadKind, request } = harness
  const order = payloadOf(payloadKind, '{"orderId":"o-1"}')
  const received = (sent: Fields): readonly { tokens: readonly string[]; payload: Received }[] =>
    harness.deliver(sent).map((delivery) => {
      const { tokens, clean } = unload(receiver, delivery)
      return { tokens, payload: harness.received(clean) }
    })

  return [
    {
      name: 'out: each message arrives with its own token, or with none, and as it was sent',
      run: async () => {
        const tokens = [A, undefined, B].slice(0, harness.maxEntries)
        const payloads = tokens.map((_, index) => payloadOf(payloadKind, `{"orderId":"o-${index}"}`))
        const arrived = received(stamp(harness, request(payloads), tokens))
        assert.equal(arrived.length, tokens.length)
        for (const [index, { tokens: found, payload }] of arrived.entries()) {
          assert.deepEqual(found, [tokens[index] ?? []].flat())
          assertReceived(payload, payloads[index] ?? '')
        }
      },
    },
    {
      name: 'out: without a token the request is the same',
      run: async () => {
        const sent = request([order])
        assertSame(stamp(harness, sent, [undefined]), sent, 'a request that was not stamped')
        assert.deepEqual(received(sent)[0]?.tokens, [])
      },
    },
    {
      name: 'out: a frozen request is stamped in a copy',
      run: async () => {
        const sent = request([order])
        const before = structuredClone(sent)
        assert.deepEqual(received(stamp(harness, deepFreeze(sent), [A]))[0]?.tokens, [A])
        assertSame(sent, before, "the caller's own request")
      },
    },
    {
      name: 'out: a stamp that is there stays, and no second one comes beside it',
      run: async () => {
        const once = stamp(harness, request([order]), [A])
        assert.equal(openRequest(harness, once).slots[0]?.problem, 'already_stamped')
        const twice = stamp(harness, once, [B])
        assert.deepEqual(received(twice)[0]?.tokens, [A])
      },
    },
    {
      name: 'out: a payload that was stamped by hand is not stamped again',
      run: async () => {
        // An item's stamp is its attribute: a text among its attributes is no place to look for one.
        if (place === 'item') return
        const byHand = request([payloadOf(payloadKind, `{"orderId":"o-1","_waybill":"${A}"}`)])
        assert.equal(openRequest(harness, byHand).slots[0]?.problem, 'already_stamped')
        assert.deepEqual(received(byHand)[0], { tokens: [A], payload: received(request([order]))[0]?.payload })
      },
    },
    ...oddPayloads(payloadKind).map(({ what, payload, isObject, isJson }) => ({
      name: `out: ${what} ${place === 'body' && !isObject ? 'goes as it is, counted' : 'comes out as it went in'}`,
      run: async () => {
        const sent = request([payload])
        const { problem } = openRequest(harness, sent).slots[0] ?? {}
        assert.equal(problem, place === 'body' && !isObject ? 'uncarried' : undefined)
        const stamped = stamp(harness, sent, [A])
        const without = withoutStamp(harness.payloadAt(stamped, 0), A)
        assert.ok(bytes(without).equals(bytes(payload)), 'only the stamp was added')
        if (harness.onlyJson && !isJson) return
        const [arrived] = received(stamped)
        assert.deepEqual(arrived?.tokens, problem === undefined ? [A] : [])
        assertReceived(arrived?.payload, payload)
      },
    })),
    {
      name: 'out: the target is asked for by its name, and the user has the say',
      run: async () => {
        const asked: unknown[] = []
        const problemWhen = (isNamed: boolean | undefined): unknown => {
          const policy = {
            namedExecutions: false,
            namedTransactions: false,
            isNamed: (target: unknown) => {
              asked.push(target)
              return isNamed
            },
          }
          return openRequest(harness, request([order]), policy).slots[0]?.problem
        }
        assert.equal(problemWhen(true), undefined)
        assert.equal(problemWhen(false), 'not_targeted')
        assert.equal(problemWhen(undefined), place === 'attribute' ? undefined : 'not_targeted')
        assert.deepEqual([...new Set(asked)], [harness.target])
      },
    },
    ...roomCases(harness),
    ...attributeCases(harness, order),
    {
      name: 'out: nothing throws, whatever the caller passes',
      run: async () => {
        for (const odd of oddRequests(request([order]))) {
          for (const policy of [NAMED, UNNAMED]) {
            const shipment = carrier.commands[command]?.(deepFreeze(odd), policy)
            shipment?.write(shipment.slots.map(() => undefined))
            shipment?.write(shipment.slots.map(({ problem }) => (problem === undefined ? A : undefined)))
          }
        }
      },
    },
  ]
}

function attributeCases(harness: OutgoingHarness, order: Payload): readonly ContractCase[] {
  const { withAttributes, request } = harness
  if (withAttributes === undefined) return []
  return [
    {
      name: 'out: the tenth attribute may be the token, an eleventh may not',
      run: async () => {
        const problemWith = (count: number): unknown =>
          openRequest(harness, withAttributes(request([order]), count)).slots[0]?.problem
        assert.equal(problemWith(9), undefined)
        assert.equal(problemWith(10), 'attributes_full')
        const full = stamp(harness, withAttributes(request([order]), 9), [A])
        assert.equal(openRequest(harness, full).slots[0]?.problem, 'already_stamped')
      },
    },
  ]
}

function bytes(payload: Payload): Buffer {
  return Buffer.from(payload as string)
}

/** A payload without the member that a splice adds: what is left must be the caller's own, byte for byte. */
function withoutStamp(payload: Payload, token: string): Payload {
  const text = bytes(payload).toString('latin1')
  const member = `"_waybill":"${token}"`
  const at = text.lastIndexOf(member)
  if (at === -1) return payload
  const start = text[at - 1] === ',' ? at - 1 : at
  return Buffer.from(text.slice(0, start) + text.slice(at + member.length), 'latin1')
}

/** Text and bytes arrive as they were sent; what AWS parses, as the parser reads it. */
function assertReceived(received: Received | undefined, sent: Payload): void {
  assert.ok(received !== undefined, 'the message arrives')
  if (typeof received === 'string' || received instanceof Uint8Array) {
    assert.ok(bytes(received).equals(bytes(sent)), 'the payload as it was sent')
  } else {
    assertSame(received.parsed, JSON.parse(bytes(sent).toString()), 'the payload as it was sent')
  }
}

const ODD_VALUES: readonly unknown[] = [undefined, null, 0, Number.NaN, true, '', 'text', [], [null], [1, [], {}], {}]

/** The request with each of its members, and those of its entries, replaced. */
function* oddRequests(request: Fields): Generator<Fields> {
  yield {}
  for (const [key, value] of Object.entries(request)) {
    for (const odd of ODD_VALUES) yield { ...request, [key]: odd }
    if (!Array.isArray(value)) continue
    for (const odd of ODD_VALUES) yield { ...request, [key]: [...value, odd] }
    for (const inner of Object.keys(value[0])) {
      for (const odd of ODD_VALUES) yield { ...request, [key]: [{ ...value[0], [inner]: odd }] }
    }
  }
}
