import { expect, test } from 'vitest'
import { readBatchResult } from '../../../src/lambda/mappings/batch-result.ts'

const read = (payload: string) => readBatchResult({ statusCode: 200, payload, logLines: [] }, ['a', 'b', 'c'], true)

test.each(['null', '{}', '"done"', '{"batchItemFailures":[]}', '{"batchItemFailures":null}'])(
  '%s is success',
  (payload) => {
    expect(read(payload).failed).toBe('none')
  },
)

test('the reported records failed', () => {
  const payload = '{"batchItemFailures":[{"itemIdentifier":"c"},{"itemIdentifier":"a"}]}'
  expect(read(payload)).toMatchObject({ failed: 'some', identifiers: new Set(['a', 'c']) })
})

test.each([
  '{"batchItemFailures":[{"itemIdentifier":""}]}',
  '{"batchItemFailures":[{"itemIdentifier":null}]}',
  '{"batchItemFailures":[{"id":"a"}]}',
  '{"batchItemFailures":[null]}',
  '{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"d"}]}',
  '{"batchItemFailures":"a"}',
])('%s fails the whole batch', (payload) => {
  expect(read(payload).failed).toBe('all')
})

test('a function error fails the whole batch', () => {
  const answer = {
    statusCode: 200,
    payload: '{"errorType":"Error"}',
    functionError: 'Unhandled',
    logLines: [],
  } as const
  expect(readBatchResult(answer, ['a'], true)).toEqual({ failed: 'all', error: '{"errorType":"Error"}' })
})

test('a mapping that does not report item failures ignores the list', () => {
  const answer = { statusCode: 200, payload: '{"batchItemFailures":[{"itemIdentifier":"a"}]}', logLines: [] } as const
  expect(readBatchResult(answer, ['a'], false).failed).toBe('none')
})
