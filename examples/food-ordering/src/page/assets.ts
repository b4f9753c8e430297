import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pageHtml } from './page-html.ts'
import { pageStyle } from './page-style.ts'

export interface Asset {
  readonly type: string
  readonly body: string | Buffer
}

export interface Assets {
  readonly byPath: ReadonlyMap<string, Asset>
  /** For the header `Content-Security-Policy`: nothing from anywhere else, no script in the page but the import map. */
  readonly policy: string
}

/** The browser's part is always built: a browser reads no TypeScript. */
const BROWSER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/page/browser/' : './browser/', import.meta.url),
)
const UPLOT = join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist')
const JAVASCRIPT = 'text/javascript; charset=utf-8'

/** All that the page is made of, read once. */
export async function readAssets(): Promise<Assets> {
  const modules = (await readdir(BROWSER)).filter((name) => name.endsWith('.js'))
  const importMap = JSON.stringify({ imports: { uplot: '/uplot.js' } })
  const byPath = new Map<string, Asset>([
    ['/', { type: 'text/html; charset=utf-8', body: pageHtml(importMap) }],
    ['/page.css', { type: 'text/css; charset=utf-8', body: pageStyle }],
    ['/uplot.css', { type: 'text/css; charset=utf-8', body: await readFile(join(UPLOT, 'uPlot.min.css')) }],
    ['/uplot.js', { type: JAVASCRIPT, body: await readFile(join(UPLOT, 'uPlot.esm.js')) }],
  ])
  for (const name of modules) {
    byPath.set(`/browser/${name}`, { type: JAVASCRIPT, body: await readFile(join(BROWSER, name)) })
  }
  const hash = createHash('sha256').update(importMap).digest('base64')
  const policy = [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  return { byPath, policy }
}
