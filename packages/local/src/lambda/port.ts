import type { InvokeLambda } from '../engines/event-delivery.ts'
import type { LambdaHost } from './host.ts'

/** The bare name in `name`, `name:alias`, `account:function:name`, or an ARN of any of these. */
export function functionNameOf(nameOrArn: string): string {
  const [, afterFunction] = /(?:^|:)function:([^:]+)/.exec(nameOrArn) ?? []
  return afterFunction ?? nameOrArn.split(':')[0] ?? nameOrArn
}

/**
 * The host as other engines call it: plain values in and out. The error of a failed function has the handler's
 * `errorType` as its name, which is what Step Functions matches `ErrorEquals` against.
 */
export function lambdaPort(host: LambdaHost): InvokeLambda {
  return async (functionName, payload) => {
    const result = await host.invoke(functionNameOf(functionName), JSON.stringify(payload ?? {}))
    const value: unknown = JSON.parse(result.payload)
    if (result.functionError === undefined) return value
    const { errorType, errorMessage } = value as { readonly errorType?: string; readonly errorMessage?: string }
    const error = new Error(errorMessage ?? result.payload)
    error.name = errorType ?? 'Error'
    throw error
  }
}
