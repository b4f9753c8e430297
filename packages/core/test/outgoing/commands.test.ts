import { expect, test } from 'vitest'
import { OUTGOING, openShipment } from '../../src/outgoing/commands.ts'
import { NAMED } from '../../src/testing/open-request.ts'

test('each client stands in the list once', () => {
  const clients = OUTGOING.map(({ client }) => client)
  expect(new Set(clients).size).toBe(clients.length)
})

test('commands of two clients are told apart, whatever their names', () => {
  const record = { Data: Buffer.from('{}'), PartitionKey: 'o-1' }
  expect(openShipment('Kinesis', 'PutRecordCommand', record, NAMED)?.slots[0]?.problem).toBeUndefined()
  expect(openShipment('Firehose', 'PutRecordCommand', { Record: record }, NAMED)?.slots[0]?.problem).toBeUndefined()
  expect(openShipment('Firehose', 'PutRecordsCommand', { Records: [record] }, NAMED)).toBeUndefined()
})

test('no other command is known, whatever it is called', () => {
  for (const name of ['', 'ListQueuesCommand', 'constructor', '__proto__', 'toString']) {
    expect(openShipment('SQS', name, {}, NAMED)).toBeUndefined()
    expect(openShipment(name, 'SendMessageCommand', {}, NAMED)).toBeUndefined()
  }
})
