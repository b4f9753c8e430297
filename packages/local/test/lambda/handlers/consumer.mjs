/**
 * Logs what each batch held. A record is `{ id, fail?: times, how?: 'report' | 'throw' | 'empty' | 'unknown' }`; its
 * first `fail` attempts go wrong in that way.
 */
const attempts = new Map()

const records = (event) =>
  event.Records.map((record) => ({
    key: record.messageId ?? record.kinesis.sequenceNumber,
    ...JSON.parse(record.body ?? Buffer.from(record.kinesis.data, 'base64').toString()),
  }))

export const handler = async (event) => {
  const batch = records(event)
  process.stdout.write(`${JSON.stringify(batch.map(({ id }) => id))}\n`)
  const failing = batch.filter(({ id, fail = 0 }) => {
    const attempt = (attempts.get(id) ?? 0) + 1
    attempts.set(id, attempt)
    return attempt <= fail
  })
  if (failing.some(({ how }) => how === 'throw')) throw new Error('the whole batch')
  return {
    // In reverse, as the order of the list means nothing.
    batchItemFailures: failing.reverse().map(({ key, how }) => ({
      itemIdentifier: how === 'empty' ? '' : how === 'unknown' ? 'of-nobody' : key,
    })),
  }
}
