import { strict as assert } from 'node:assert'
import type { Fields } from '../carriers/carrier.ts'
import type { ContractCase, OutgoingHarness } from './harness.ts'
import { paddedObject } from './odd-payloads.ts'
import { NAMED, openRequest, stamp, UNNAMED } from './open-request.ts'

/** Bytes of a small payload, by which the rest of a message is measured. */
const SMALL_BYTES = 64
/** Bytes to leave beside a large payload: enough for a short token. */
const SPARE_BYTES = 400

/** What is said of room is held against what AWS says of sizes, byte by byte. */
export function roomCases(harness: OutgoingHarness): readonly ContractCase[] {
  const { maxBytes, maxRequestBytes, sizeOf, request, payloadKind, maxEntries, withAttributes } = harness
  // The caller's own attributes take room too.
  const sized = (sizes: readonly number[]): Fields => {
    const sent = request(sizes.map((size) => paddedObject(payloadKind, size)))
    return withAttributes === undefined ? sent : withAttributes(sent, 3)
  }
  const policy = harness.place === 'attribute' ? UNNAMED : NAMED
  /** Bytes of a message beside its payload; `undefined` where the payload is no part of what is limited. */
  const besides = (): number | undefined => {
    const small = sizeOf(sized([SMALL_BYTES]), 0)
    return sizeOf(sized([SMALL_BYTES + 1]), 0) === small ? undefined : small - SMALL_BYTES
  }

  return [
    {
      name: 'out: a token that takes all the room fits, and with one byte more it does not',
      run: async () => {
        const sent = sized([Math.max(SMALL_BYTES, maxBytes - (besides() ?? maxBytes) - SPARE_BYTES)])
        const { slots, totalRoomBytes } = openRequest(harness, sent, policy)
        const room = Math.min(slots[0]?.roomBytes ?? 0, totalRoomBytes)
        assert.ok(room > SPARE_BYTES / 2, `room of ${room} bytes`)
        assert.ok(sizeOf(stamp(harness, sent, [tokenOf(room)]), 0) <= maxBytes, 'it fits')
        assert.ok(sizeOf(stamp(harness, sent, [tokenOf(room + 1)]), 0) > maxBytes, 'one byte more does not')
      },
    },
    {
      name: 'out: a message that is full, or too large already, has no room',
      run: async () => {
        const fixed = besides()
        if (fixed === undefined) return
        for (const excess of [0, 10_000]) {
          const { slots, totalRoomBytes } = openRequest(harness, sized([maxBytes - fixed + excess]), policy)
          assert.ok(Math.min(slots[0]?.roomBytes ?? 1, totalRoomBytes) < 1)
        }
      },
    },
    ...(maxEntries === 1 || maxRequestBytes === undefined
      ? []
      : [
          {
            name: 'out: the messages of a request share its room, to the byte',
            run: async () => {
              const count = Math.ceil(maxRequestBytes / maxBytes) + 1
              const each = Math.floor((maxRequestBytes - SPARE_BYTES) / count) - (besides() ?? 0)
              const sent = sized(Array.from({ length: count }, () => each))
              const total = (of: Fields): number =>
                Array.from({ length: count }, (_, index) => sizeOf(of, index)).reduce((sum, size) => sum + size, 0)
              const { totalRoomBytes, overheadBytes } = openRequest(harness, sent, policy)
              const first = Math.floor(totalRoomBytes / 2)
              const second = totalRoomBytes - first - overheadBytes
              assert.ok(second > 0, `room of ${second} bytes for a second token`)
              assert.ok(total(stamp(harness, sent, [tokenOf(first), tokenOf(second)])) <= maxRequestBytes)
              assert.ok(total(stamp(harness, sent, [tokenOf(first), tokenOf(second + 1)])) > maxRequestBytes)
            },
          },
        ]),
  ]
}

function tokenOf(length: number): string {
  return 'w'.repeat(length)
}
