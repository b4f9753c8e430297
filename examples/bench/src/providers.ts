import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle, bundleDirectory, freshMs } from './cold-start/fresh-process.ts'

/*
 * What a provider costs a cold start at the edge: bundled, from import to the first decision, its data at hand, so
 * that no network is in it. `pnpm build && pnpm exec node examples/bench/dist/providers.js`
 */
const names = ['waybill-file', 'in-memory', 'growthbook', 'config-cat', 'split', 'launchdarkly', 'flagd'] as const

const NEVER = Number.POSITIVE_INFINITY
/** Everybody has a turn in each round: a busy neighbour is nobody's disadvantage. */
const ROUNDS = 6
const RUNS = 5

// Split's provider is made for OpenFeature's SDK under its former name.
const alias = { '@openfeature/js-sdk': '@openfeature/server-sdk' }

const directory = await bundleDirectory()
try {
  const env = await dataFiles(directory)
  const measured = []
  for (const name of names) {
    const contents = `export * from './providers/${name}.js'`
    const bundled = await bundle(directory, name, { contents, alias })
    measured.push({ name, bundled, importedMs: NEVER, decidedMs: NEVER })
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of measured) {
      one.importedMs = Math.min(one.importedMs, await freshMs(one.bundled, { until: 'imported', env }, RUNS))
      one.decidedMs = Math.min(one.decidedMs, await freshMs(one.bundled, { until: 'decided', env }, RUNS))
    }
  }
  console.log('A provider as a source, in fresh processes: bundle; import; import to the first decision')
  console.log(`(medians of ${RUNS}, the quietest of ${ROUNDS} rounds)`)
  for (const { name, bundled, importedMs, decidedMs } of measured) {
    const kb = `${(bundled.bytes / 1000).toFixed(0).padStart(5)} kB (${(bundled.gzipBytes / 1000).toFixed(0)} gz)`
    const times = `${importedMs.toFixed(1).padStart(6)} ms ${decidedMs.toFixed(1).padStart(6)} ms`
    console.log(`  ${name.padEnd(14)} ${kb.padEnd(20)} ${times}`)
  }
} finally {
  await rm(directory, { recursive: true, force: true })
}

/** One flag, which is on, in each form that is read from a file. */
async function dataFiles(into: string): Promise<Readonly<Record<string, string>>> {
  const flagd = { f: { state: 'ENABLED', variants: { off: false, on: true }, defaultVariant: 'on' } }
  const ours = { f: { key: 'f', version: 1, on: true, variations: [false, true], fallthrough: { variation: 1 } } }
  const files: Readonly<Record<string, readonly [file: string, text: string]>> = {
    FLAGD_OFFLINE_FLAG_SOURCE_PATH: ['flagd.json', JSON.stringify({ flags: flagd })],
    SPLIT_FILE: ['split.yaml', '- f:\n    treatment: "on"\n'],
    WAYBILL_FILE: ['waybill.json', JSON.stringify({ flags: ours })],
  }
  const paths: Record<string, string> = {}
  for (const [variable, [file, text]] of Object.entries(files)) {
    const path = join(into, file)
    await writeFile(path, text)
    paths[variable] = path
  }
  return paths
}
