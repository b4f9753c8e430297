import { spawn } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { median } from '../measure.ts'

export interface Bundle {
  readonly path: string
  readonly bytes: number
  readonly gzipBytes: number
}

const here = dirname(fileURLToPath(import.meta.url))
const require = createRequire(import.meta.url)

const AWS = '@aws-sdk/client-dynamodb'

/** Some packages are CommonJS, and look for what an ES module does not have. */
const COMMON_JS = [
  "import{createRequire as createRequireOfBench}from'node:module'",
  'const require=createRequireOfBench(import.meta.url)',
  'const __dirname=import.meta.dirname,__filename=import.meta.filename;',
].join(';')

export function isInstalled(packageName: string): boolean {
  try {
    require.resolve(packageName)
    return true
  } catch {
    return false
  }
}

export interface BundleOptions {
  /** Of the module, where it is none that stands beside this one. */
  readonly contents?: string
  /** Leaves the AWS SDK out. */
  readonly withoutAws?: boolean
  /** Packages that stand in for others. */
  readonly alias?: Readonly<Record<string, string>>
}

/** Bundles a module into a directory, minified, as it would be deployed. */
export async function bundle(
  directory: string,
  name: string,
  { contents = `export * from './${name}.js'`, withoutAws = false, alias = {} }: BundleOptions = {},
): Promise<Bundle> {
  const built = await build({
    stdin: { contents, resolveDir: here, loader: 'js' },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: COMMON_JS },
    absWorkingDir: here,
    alias: { ...alias, ...(withoutAws ? { [AWS]: await stubOf(AWS, directory) } : {}) },
    write: false,
    logLevel: 'error',
  })
  const bytes = built.outputFiles[0]?.contents ?? new Uint8Array()
  const path = join(directory, `${name}.mjs`)
  await writeFile(path, bytes)
  return { path, bytes: bytes.length, gzipBytes: gzipSync(bytes).length }
}

/** Takes a package's place where the cost of everything else is asked for: all of its names, none of its code. */
async function stubOf(packageName: string, directory: string): Promise<string> {
  const names = Object.keys(await import(packageName)).filter((name) => /^[A-Z]\w*$/.test(name))
  const path = join(directory, 'stub.mjs')
  await writeFile(path, `class None {}\nexport { ${names.map((name) => `None as ${name}`).join(', ')} }`)
  return path
}

export async function bundleDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'waybill-bench-'))
}

/**
 * Milliseconds from just before a bundle is imported until it is, or until its `decide` has decided: in a fresh process
 * each time. The median, since a mean of a shared machine says more of its neighbours.
 */
export async function freshMs(
  { path }: Bundle,
  { until, env = {} }: { readonly until: 'imported' | 'decided'; readonly env?: Readonly<Record<string, string>> },
  runs = 11,
): Promise<number> {
  const script = [
    'const start = performance.now()',
    `const { decide } = await import(${JSON.stringify(pathToFileURL(path).href)})`,
    until === 'decided' ? "if ((await decide()) !== true) throw new Error('no decision')" : '',
    'console.log(performance.now() - start)',
    'process.exit(0)',
  ].join('\n')
  const times: number[] = []
  for (let run = 0; run < runs; run += 1) times.push(Number(await outputOf(script, env)))
  return median(times)
}

function outputOf(script: string, env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.once('error', reject)
    child.once('exit', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`a fresh process ended with ${code}`)),
    )
  })
}
