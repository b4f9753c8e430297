import { withDecisions } from '@waybill/core'

/**
 * A function as weighted aliases know it: two versions were built, and each has one way through. This is the version
 * that `BUILT_VARIATION` names, made of the same handler (`BUILT_ENTRY`): whatever was decided elsewhere, it runs its own.
 */
const { handler: deployed } = (await import(process.env['BUILT_ENTRY'] ?? '')) as {
  handler: (event: unknown, context: unknown) => Promise<unknown>
}
const variation = process.env['BUILT_VARIATION'] ?? ''

export function handler(event: unknown, context: unknown): Promise<unknown> {
  return withDecisions({ 'new-order-flow': variation }, () => deployed(event, context))
}
