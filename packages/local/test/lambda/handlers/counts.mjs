import { setTimeout as sleep } from 'node:timers/promises'

process.stdout.write('loaded\n')

let inside = 0

/** Answers how many invocations were inside when this one came. */
export const handler = async (event) => {
  const now = ++inside
  await sleep(event.ms)
  inside--
  return now
}
