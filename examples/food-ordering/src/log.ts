import { routeTaken } from './flags.ts'

/** One line of JSON, with the variation that the code which logs it ran. */
export function log(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  console.log(JSON.stringify({ level: 'INFO', message, ...fields, 'new-order-flow': routeTaken().variation }))
}
