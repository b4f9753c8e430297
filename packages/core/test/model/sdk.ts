import type { SdkClient } from '../../src/outgoing/client.ts'

export type Input = Readonly<Record<string, unknown>>

export interface Command {
  readonly name: string
  readonly input: Input
}

type Handler = (args: { input: Input }) => Promise<unknown>
type Middleware = (next: Handler, context: { readonly commandName: string }) => Handler

/** A client with the SDK's middleware stack, as far as a middleware of the step `initialize` can tell. */
export interface SimulatedClient extends SdkClient {
  send(command: Command): Promise<unknown>
}

export function simulatedClient(serviceId: string, network: (command: Command) => Promise<unknown>): SimulatedClient {
  const middlewares: { readonly name: string; readonly wrap: Middleware }[] = []
  return {
    config: { serviceId },
    middlewareStack: {
      add: (middleware: never, { name }) => {
        middlewares.push({ name, wrap: middleware as Middleware })
      },
    },
    send: ({ name, input }) => {
      const send: Handler = ({ input: stamped }) => network({ name, input: stamped })
      const handler = middlewares.reduceRight((next, { wrap }) => wrap(next, { commandName: name }), send)
      return handler({ input })
    },
  }
}

/** Frozen all the way down, but for bytes: who changes a caller's input then throws. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const one of Object.values(value)) frozen(one)
  return Object.freeze(value)
}
