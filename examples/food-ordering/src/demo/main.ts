import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type ServedPage, servePage } from '../page/serve-page.ts'
import { renderResult, faultsOf as rolloutFaultsOf } from '../rollout/report.ts'
import { runRollouts } from '../rollout/run-rollouts.ts'
import { onInterruption, unless } from './interruption.ts'
import { type DemoOptions, type RolloutOptions, readCommandLine, type ServingOptions } from './options.ts'
import { showProgress } from './progress.ts'
import { renderReport } from './report.ts'
import type { DemoResult } from './results.ts'
import { runDemo } from './run-demo.ts'
import { renderTable } from './table.ts'
import { faultsOf } from './verdict.ts'

process.exitCode = await main(process.argv.slice(2))

/**
 * Exit codes: 0 when Waybill kept its word, 1 when not, 2 for a wrong option, 128 and more when interrupted. Leaving the page
 * is no interruption.
 */
async function main(args: readonly string[]): Promise<number> {
  const line = readCommandLine(args)
  if ('error' in line) {
    process.stderr.write(`${line.error}\n`)
    return 2
  }
  if ('help' in line) {
    process.stdout.write(line.help)
    return 0
  }
  const interruption = onInterruption()
  try {
    if ('rollout' in line) return await rollout(line.rollout, interruption.signal)
    const { options, page } = line
    if (page.serving === 'yes') return await serve(options, page, interruption.signal)
    const exitCode = await demo(options, interruption.signal)
    const onTerminal = process.stdin.isTTY && process.stdout.isTTY
    if (page.serving === 'after' && onTerminal) await serve(options, page, interruption.signal)
    return exitCode
  } catch (error) {
    const exitCode = interruption.exitCode()
    process.stderr.write(exitCode === undefined ? `${error instanceof Error ? error.stack : error}\n` : 'Stopped.\n')
    return exitCode ?? 1
  } finally {
    interruption.forget()
  }
}

async function demo({ json, ...options }: DemoOptions, signal: AbortSignal): Promise<number> {
  // With --json the standard output is the result's alone.
  const people = json ? process.stderr : process.stdout
  const { result, waybill } = await runDemo({ ...options, signal, progress: showProgress(people) })
  const faults = faultsOf(waybill)
  if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  else
    people.write(`\n${renderTable(result, { colour: people.hasColors?.() ?? false, width: people.columns ?? 80 })}\n`)
  people.write(`Report: ${await writeReport(result)}\n`)
  for (const fault of faults) process.stderr.write(`Waybill: ${fault}\n`)
  return faults.length === 0 ? 0 : 1
}

async function rollout({ json, ...options }: RolloutOptions, signal: AbortSignal): Promise<number> {
  const people = json ? process.stderr : process.stdout
  const result = await runRollouts({ ...options, signal, say: (text) => void people.write(`${text}\n`) })
  if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  else people.write(renderResult(result))
  const faults = rolloutFaultsOf(result)
  for (const fault of faults) process.stderr.write(`Rollout: ${fault}\n`)
  return faults.length === 0 ? 0 : 1
}

/** Ends when it is interrupted. */
async function serve(options: DemoOptions, { rate, port }: ServingOptions, signal: AbortSignal): Promise<number> {
  process.stdout.write('\nStarting the live page ...\n')
  let page: ServedPage | undefined
  const starting = servePage({ ...options, rate, port })
  try {
    page = await unless(signal, starting)
    process.stdout.write(`Live page: ${page.url}\n`)
    process.stdout.write(`Flags are in the table "flags" at AWS_ENDPOINT_URL_DYNAMODB=${page.dynamodbUrl}\n`)
    process.stdout.write('Press Ctrl-C to leave.\n')
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    process.stdout.write('\nLeaving.\n')
    return 0
  } finally {
    await (page ?? (await starting)).close()
  }
}

async function writeReport(result: DemoResult): Promise<string> {
  const path = resolve('report', 'food-ordering.html')
  await mkdir(resolve('report'), { recursive: true })
  await writeFile(path, renderReport(result))
  return path
}
