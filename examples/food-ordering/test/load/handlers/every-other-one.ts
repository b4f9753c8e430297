import { handler as loyalty } from '../../../src/handlers/loyalty.ts'

let events = 0

/** In place of `loyalty`. The fault: it says that all went well, and does every other one. */
export const handler = async (event: Parameters<typeof loyalty>[0]): Promise<void> => {
  events += 1
  if (events % 2 === 0) await loyalty(event)
}
