import { expect, it } from 'vitest'
import { compareVersions, parseVersion } from '../../src/compile/semver.ts'

const version = (text: string) => parseVersion(text) ?? expect.fail(`${text} is no version`)

it('versions are in the order that semver.org gives, and of any size', () => {
  // https://semver.org/spec/v2.0.0.html#spec-item-11
  const ordered = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1',
    '1.9.9',
    '1.10',
    '2.0.0',
    '99999999999999999998.0.0',
    '99999999999999999999.0.0',
  ].map(version)
  for (const [index, one] of ordered.entries()) {
    for (const [other, two] of ordered.entries()) {
      expect(Math.sign(compareVersions(one, two))).toBe(Math.sign(index - other))
    }
  }
  expect(compareVersions(version('1.0+build.7'), version('1'))).toBe(0)
})

it.each([['v1.0.0'], ['01.0.0'], ['1.0.0.0'], ['1.0.0-01'], ['1.0.0-'], ['1.'], [''], [1], [null]])(
  '%j is no version',
  (value) => {
    expect(parseVersion(value)).toBeUndefined()
  },
)
