import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LambdaHost } from '@waybill/local'

export const FAULT_KINDS = ['time-out', 'exit', 'uncaught', 'out-of-memory', 'spin', 'late-error'] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

/** What is to befall one invocation, how long after it has begun. A late error comes when all of its work is done. */
export interface FunctionFault {
  readonly kind: FaultKind
  readonly afterMs: number
}

/** A fault inside an event. It strikes whoever finds its fuse, a file, and takes it away: so a repeat is not struck. */
export interface FusedFault extends FunctionFault {
  readonly fuse: string
}

/** A way to a Lambda host on which invocations are struck by faults; `faulty.ts` does as the event then says. */
export interface FaultInjector {
  readonly host: LambdaHost
  /** The next invocation of that function is struck. */
  strike(functionName: string, fault: FunctionFault): void
  /** What struck, and what came of it where the caller waited. */
  struck(): readonly { readonly functionName: string; readonly kind: FaultKind; readonly error?: string }[]
}

export function injectFaults(host: LambdaHost, directory: string): FaultInjector {
  const ordered = new Map<string, FunctionFault[]>()
  const begun: { functionName: string; kind: FaultKind; fuse: string; error?: string }[] = []
  return {
    host: {
      ...host,
      invoke: async (functionName, payload, options) => {
        const fault = ordered.get(functionName)?.shift()
        if (fault === undefined) return host.invoke(functionName, payload, options)
        const fuse = join(directory, `fuse-${begun.length}`)
        writeFileSync(fuse, '')
        const strike: (typeof begun)[number] = { functionName, kind: fault.kind, fuse }
        begun.push(strike)
        const event = JSON.parse(typeof payload === 'string' ? payload : Buffer.from(payload).toString()) as object
        const loadFault: FusedFault = { ...fault, fuse }
        const result = await host.invoke(functionName, JSON.stringify({ ...event, loadFault }), options)
        if (result.functionError !== undefined) strike.error = errorMessage(result.payload)
        return result
      },
    },
    strike: (functionName, fault) => {
      ordered.set(functionName, [...(ordered.get(functionName) ?? []), fault])
    },
    struck: () => begun.filter(({ fuse }) => !existsSync(fuse)),
  }
}

function errorMessage(payload: string): string {
  const { errorMessage = '' } = JSON.parse(payload) as { errorMessage?: string }
  return errorMessage.replace(/^RequestId: \S+ /, '')
}
