import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { vectors, vectorsFile } from './format-1.ts'
import { overrideVectors } from './override-1.ts'

const document = readFileSync(new URL('../../../../docs/wire-format.md', import.meta.url), 'utf8')
const fences = [...document.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({ language, text }))

describe('the document', () => {
  const shown = fences
    .filter(({ language }) => language === 'text')
    .flatMap(({ text = '' }) => text.split('\n').filter((line) => line.startsWith('wb')))
  const known = new Set([
    ...vectors.sealed.map(({ token }) => token),
    ...vectors.opened.flatMap(({ token, resealed }) => [token, ...resealed.map((again) => again.token)]),
    ...overrideVectors.sealed.map(({ token }) => token),
  ])

  test('shows tokens, and each is a vector', () => {
    expect(shown.length).toBeGreaterThan(5)
    for (const token of shown) expect([...known]).toContain(token)
  })

  test('shows an override', () => {
    expect(shown.some((token) => token.startsWith('wbo1.'))).toBe(true)
  })

  test('has every refusal code in its table', () => {
    for (const { refusal } of vectors.refused)
      expect(document).toMatch(new RegExp(`^\\| \\d+ \\| .*\`${refusal}\` \\|$`, 'm'))
  })
})

/** What Python makes of each vector, in their order: a reading, or the code of a refusal. */
interface PythonReport {
  readonly accepted: readonly (object | string)[]
  readonly refused: readonly (object | string)[]
}

const harness = `
import base64, sys
vectors = json.load(open(sys.argv[1], encoding="utf-8"))
ring = {key_id: base64.b64decode(secret) for key_id, secret in vectors["keys"].items()}

def read(token, ids, expect):
    try:
        said = verify(token, {key_id: ring[key_id] for key_id in ids}, expect.get("audience"), expect.get("subject"),
                      expect.get("maxAgeSeconds"), expect.get("nowSeconds"))
    except ValueError as error:
        return str(error) if str(error) in sys.argv[2].split() else "malformed"
    for one in said["decisions"].values():
        bits = one.pop("bits")
        one.update(bucketed="b" in bits, inExperiment="x" in bits, track="k" in bits)
    return {**said, "decisions": [{"flag": flag, **one} for flag, one in said["decisions"].items()]}

accepted = [read(one["token"], ring, one.get("expect", one.get("options"))) for one in vectors["sealed"] + vectors["opened"]]
refused = [read(one["token"], one["keys"], one["expect"]) for one in vectors["refused"]]
print(json.dumps({"accepted": accepted, "refused": refused}))
`

function runPython(program: string): PythonReport | undefined {
  const codes = [...new Set(vectors.refused.map(({ refusal }) => refusal))].join(' ')
  const run = spawnSync('python3', ['-', fileURLToPath(vectorsFile), codes], {
    input: `${program}\n${harness}`,
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  if (run.error !== undefined && 'code' in run.error && run.error.code === 'ENOENT') return undefined
  if (run.status !== 0) throw new Error(run.stderr)
  return JSON.parse(run.stdout) as PythonReport
}

describe('the reader in Python, taken from the document', () => {
  const program = fences.find(({ language }) => language === 'python')?.text ?? ''
  const report = runPython(program)
  if (report === undefined) console.info('python3 is not installed: the reader in docs/wire-format.md was not run')

  test.skipIf(report === undefined)('reads what is accepted as the vectors say', () => {
    const opens = [...vectors.sealed, ...vectors.opened].map((vector) => ({
      ...vector.opens,
      decisions: vector.opens.decisions.map((decision) => ({ ...NO_BITS, ...decision })),
    }))
    expect(report?.accepted).toEqual(opens)
  })

  test.skipIf(report === undefined)('refuses what is refused, by the same code', () => {
    const names = vectors.refused.map(({ name }) => name)
    const said = report?.refused.map((code, index) => [names[index], code])
    expect(said).toEqual(vectors.refused.map(({ name, refusal }) => [name, refusal]))
  })
})

const NO_BITS = { bucketed: false, inExperiment: false, track: false, digest: null }
