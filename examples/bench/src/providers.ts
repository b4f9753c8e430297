import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle, bundleDirectory, freshMs } from './cold-start/fresh-process.ts'

/*
 * What a provider costs a cold start at the edge: bundled, from import to the first decision, its data at hand, so
 * that no network is in it. `pnpm build && pnpm exec node examples/bench/dist/providers.js`
 */
const names = ['waybill-file', 'in-memory', 'growthbook', 'config-cat', 'split', 'launchdarkly', 'flagd'] as const

// Split's provider is made for OpenFeature's SDK under its former name.
const alias = { '@openfeature/js-sdk': '@openfeature/server-sdk' }

const directory = await bundleDirectory()
try {
  const env = await dataFiles(directory)
  console.log(
    'A provider as a source, in fresh processes: bundle; import; import to the first decision (medians of 11)',
  )
  for (const name of names) {
    const bundled = await bundle(directory, name, { contents: `export * from './providers/${name}.js'`, alias })
    const importedMs = await freshMs(bundled, { until: 'imported', env })
    const decidedMs = await freshMs(bundled, { until: 'decided', env })
    const kb = `${(bundled.bytes / 1000).toFixed(0).padStart(5)} kB (${(bundled.gzipBytes / 1000).toFixed(0)} gz)`
    console.log(
      `  ${name.padEnd(14)} ${kb.padEnd(20)} ${importedMs.toFixed(1).padStart(6)} ms ${decidedMs.toFixed(1).padStart(6)} ms`,
    )
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
