import type { StoredKeysOptions } from '../src/stored-keys.ts'

export const secretOf = (fill: number): string => Buffer.alloc(32, fill).toString('base64')
export const k1 = { id: 'k1', secret: secretOf(1) }
export const k2 = { id: 'k2', secret: secretOf(2) }
export const documentOf = (signing: object, ...verifying: object[]): string => JSON.stringify({ signing, verifying })

type Answer = string | Uint8Array | Error | undefined | Promise<string>

/** A store whose answers a test sets, with a clock that it moves. Counts the loads. */
export function bench(first: Answer) {
  const lines: Record<string, string>[] = []
  const state = { answer: first, loads: 0, nowMs: 1_000_000, lines }
  const provider = {
    async get(): Promise<unknown> {
      state.loads += 1
      const { answer } = state
      if (answer instanceof Error) throw answer
      return await answer
    },
  }
  const options: StoredKeysOptions & { provider: typeof provider } = {
    provider,
    nowMs: () => state.nowMs,
    random: () => 0,
    warn: (line) => void lines.push(JSON.parse(line)),
  }
  const pass = (seconds: number): void => {
    state.nowMs += seconds * 1000
  }
  return { state, options, pass }
}

/** As the SDK throws, and as Powertools wraps it. */
export function serviceError(name: string, message = name): Error {
  const cause = Object.assign(new Error(message), { name, $fault: 'client' })
  return Object.assign(new Error(message, { cause }), { name: 'GetParameterError' })
}
