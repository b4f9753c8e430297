import type { BatchWriteItemCommand, DynamoDBClient, WriteRequest } from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import type { Table } from '../src/table.ts'
import { writeRows } from '../src/write-rows.ts'

const rows = (count: number): WriteRequest[] =>
  Array.from({ length: count }, (_, index) => ({ PutRequest: { Item: { key: { S: `f${index}` } } } }))
const keyOf = (request: WriteRequest): string => request.PutRequest?.Item?.['key']?.S ?? ''

/** A table that takes as many rows of each batch as `takes` says, and leaves the rest unprocessed. */
function throttledTable(takes: (call: number) => number) {
  const written: string[] = []
  const sizes: number[] = []
  const send = async ({ input }: BatchWriteItemCommand) => {
    const requests = input.RequestItems?.['flags'] ?? []
    const taken = takes(sizes.length)
    sizes.push(requests.length)
    written.push(...requests.slice(0, taken).map(keyOf))
    const left = requests.slice(taken)
    return left.length === 0 ? {} : { UnprocessedItems: { flags: left } }
  }
  const client = { send } as unknown as DynamoDBClient
  const table: Table = { client, tableName: 'flags', requestTimeoutMs: 1000, random: () => 0 }
  return { table, written, sizes }
}

it('writes again what a throttled table left unprocessed, until all is written once', async () => {
  const { table, written, sizes } = throttledTable((call) => (call % 2 === 0 ? 10 : 25))
  await writeRows(table, rows(60))
  expect(written.toSorted()).toEqual(rows(60).map(keyOf).toSorted())
  expect(Math.max(...sizes)).toBe(25)
})

it('sends nothing for nothing', async () => {
  const { table, sizes } = throttledTable(() => 25)
  await writeRows(table, [])
  expect(sizes).toEqual([])
})
