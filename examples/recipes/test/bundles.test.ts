import { build } from 'esbuild'
import { expect, it } from 'vitest'

/** What a bundler keeps of core for these names of it: its text, and the files that something is left of. */
async function bundled(names: string): Promise<{ readonly text: string; readonly files: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export { ${names} } from '@waybill/core'`, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    format: 'esm',
    metafile: true,
    write: false,
  })
  const inputs = Object.entries(Object.values(metafile.outputs)[0]?.inputs ?? {})
  const files = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path.replace(/.*\/dist\//, ''))
  return { text: outputFiles[0]?.text ?? '', files }
}

const CONSUMER = 'declareFlags, keyRing, withHonouredDecisions, withRecordScope'
const COMMAND = /\b(SendMessage|Publish|PutRecords?|PutEvents|Invoke|StartExecution|PutItem)Command\b/

it('a function that sends nothing on bundles nothing of the way out', async () => {
  const { text, files } = await bundled(CONSUMER)
  expect(text).not.toMatch(COMMAND)
  expect(files.filter((file) => /^outgoing|shipment|message-attributes|dynamodb(-item)?\.js/.test(file))).toEqual([])
  expect((await bundled(`${CONSUMER}, stampClient`)).text).toMatch(COMMAND)
})

it('and nothing of what it did not ask for: decisions made anew, modes, pins, overrides, the sentences of the counts', async () => {
  const { files } = await bundled(CONSUMER)
  expect(files.filter((file) => /counts|deciding|reevaluate|modes|pin|override|affected-users/.test(file))).toEqual([])
  expect((await bundled(`${CONSUMER}, evaluateExpired`)).files).toContain('lifecycle/reevaluate.js')
})
