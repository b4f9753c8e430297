import type { Refusal } from './state.ts'

/** Asks the demo to do something. Answers why it was not done, or nothing. */
export async function post(path: string, body: object): Promise<Refusal | undefined> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as Partial<Refusal>
    return response.ok ? undefined : { error: answer.error ?? `It was answered with ${response.status}` }
  } catch {
    return { error: 'The demo does not answer: is it still running?' }
  }
}
