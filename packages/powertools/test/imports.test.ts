import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

/** Which packages a fresh process has loaded after an import of one of ours. */
function loadedBy(subpath: string): readonly string[] {
  const program = `
    import { registerHooks } from 'node:module'
    const seen = new Set()
    registerHooks({ load: (url, context, next) => {
      const found = /node_modules\\/(?!.*node_modules\\/)((?:@[^/]+\\/)?[^/]+)/.exec(url)
      if (found) seen.add(found[1])
      return next(url, context)
    } })
    await import('@waybill/powertools/${subpath}')
    console.log(JSON.stringify([...seen].sort()))
  `
  const cwd = new URL('..', import.meta.url)
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd, encoding: 'utf8' }))
}

const ofPeers = (packages: readonly string[]): readonly string[] =>
  packages.filter((name) => /^(aws-xray|@opentelemetry|@aws-lambda-powertools\/(?!commons))/.test(name))

describe('an import', () => {
  it.each([
    ['metrics', ['@aws-lambda-powertools/metrics']],
    ['tracer', []],
    ['logger', []],
    ['opentelemetry', ['@opentelemetry/api']],
  ])('of ./%s loads its own peer and no other', (subpath, peers) => {
    expect(ofPeers(loadedBy(subpath))).toEqual(peers)
  })
})
