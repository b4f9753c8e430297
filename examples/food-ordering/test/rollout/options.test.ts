import { describe, expect, it } from 'vitest'
import { readCommandLine } from '../../src/demo/options.ts'

describe('the command line of rollouts', () => {
  it('has a thousand users and twenty orders a second where nothing else is said', () => {
    expect(readCommandLine(['--rollout'])).toEqual({ rollout: { users: 1000, rate: 20, seed: 8, json: false } })
    expect(readCommandLine(['--rollout', '--users=50', '--rate', '5', '--json', '--seed', '3'])).toEqual({
      rollout: { users: 50, rate: 5, seed: 3, json: true },
    })
  })

  it.each(['--serve', '--no-serve', '--orders=40', '--percent=5', '--port=80'])('refuses %s beside it', (other) => {
    expect(readCommandLine(['--rollout', other])).toMatchObject({ error: expect.stringContaining('--rollout') })
  })

  it('is explained', () => {
    expect(readCommandLine(['--help'])).toMatchObject({ help: expect.stringContaining('--rollout ') })
  })
})
