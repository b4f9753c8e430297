import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { FunctionOptions } from '../../src/lambda/function-settings.ts'
import { type InvokeOptions, type LambdaHost, type LambdaHostOptions, startLambdaHost } from '../../src/lambda/host.ts'

export const handlerFile = (name: string): string => fileURLToPath(new URL(`./handlers/${name}`, import.meta.url))

/** A host with the function `fn`, closed when the test is over; `invoke` answers with the payload parsed as `value`. */
export function deployed(fn: Partial<FunctionOptions> = {}, options: LambdaHostOptions = {}) {
  const host: LambdaHost = startLambdaHost(options)
  onTestFinished(() => host.close())
  host.deploy({ name: 'fn', entry: handlerFile('everyday.mjs'), ...fn })
  const invoke = async (event: object, how: InvokeOptions = {}) => {
    const result = await host.invoke('fn', JSON.stringify(event), how)
    return { ...result, value: result.payload === '' ? undefined : JSON.parse(result.payload) }
  }
  return { host, invoke }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
