/** Answers what the event's body asks for, or the event itself. */
export const handler = async (event) => {
  const asked = event.headers?.['x-answer'] ?? event.multiValueHeaders?.['x-answer']?.[0]
  if (asked === 'throw') throw new Error('no')
  if (asked === 'bare') return { hello: 'world' }
  if (asked) return JSON.parse(Buffer.from(asked, 'base64').toString())
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) }
}
