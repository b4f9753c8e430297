import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('../../../../', import.meta.url)
const document = readFileSync(new URL('docs/security.md', ROOT), 'utf8')
/** Who, what, what stops them, shown by. */
const table = document.split('\n').filter((line) => line.startsWith('| ') && line.split('|').length === 6)

/** The last cell of each row: `path`: title; title; `path`: title. */
const named = table.slice(1).flatMap((row) => {
  let path = ''
  return (row.split('|').at(-2) ?? '').split('; ').map((part) => {
    const found = /^\s*`([^`]+)`: (.*?)\s*$/.exec(part)
    path = found?.[1] ?? path
    return { path, title: (found?.[2] ?? part).trim() }
  })
})

const fileOf = (path: string): URL => new URL(path.startsWith('packages/') ? path : `packages/core/test/${path}`, ROOT)

describe('docs/security.md', () => {
  test('has a test for every attack', () => {
    expect(named.length).toBeGreaterThan(20)
  })

  test.each(named)('$path has "$title"', ({ path, title }) => {
    expect(existsSync(fileOf(path))).toBe(true)
    expect(readFileSync(fileOf(path), 'utf8')).toContain(title)
  })

  test('names files that there are', () => {
    for (const [, path = ''] of document.matchAll(/`([\w./-]+\.test\.ts)`/g))
      expect(existsSync(fileOf(path)), path).toBe(true)
  })
})
