import { expect, test } from 'vitest'
import { markup, percentLength } from '../../src/demo/markup.ts'

test('inserts are escaped, in text and in quoted attributes', () => {
  const nasty = `<script>"&'`
  expect(markup`<b title="${nasty}">${nasty}</b>`.html).toBe(
    '<b title="&lt;script&gt;&quot;&amp;&#39;">&lt;script&gt;&quot;&amp;&#39;</b>',
  )
})

test('markup goes in as it is, lists joined, nothing as nothing', () => {
  expect(markup`${[markup`<i>1</i>`, markup`<i>2</i>`]}${undefined}${0}`.html).toBe('<i>1</i><i>2</i>0')
})

test('a backslash in a template or an insert stays one', () => {
  expect(markup`${'a\\b'}`.html).toBe('a\\b')
})

test('a share of nothing has no length', () => {
  expect(percentLength(1, 0)).toBe('0%')
  expect(percentLength(1, 8)).toBe('12.5%')
})
